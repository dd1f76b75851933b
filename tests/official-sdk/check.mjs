// Calls the simulated platform with Douyin's official SDK, and checks both sides of each call: the answer against the
// SDK's own model, and what the simulator saw against the pages. See README.md.
//
// usage: node check.mjs MODULES PROGRAM
//   MODULES  the folder that holds node_modules
//   PROGRAM  the built example `serve` of plugins/douyin/simulator
// Exit codes: 0 all well, 1 a call failed or none ran, 2 wrong arguments.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { resolve } from "node:path";

import { differences, readRequired } from "./models.mjs";
import { redirect } from "./redirect.mjs";
import { start } from "./simulator.mjs";

// Where the pages say otherwise than the SDK's models, the simulator follows the pages; each place with its reason. One
// that no answer shows any more is a failure, too.
const PAGES_SAY_OTHERWISE = new Map([
  ["client token: data.expires_in", "a number in the page's answer (common §3)"],
  ["client token: data.error_code", "a number in the page's answer (common §3); the SDK's own credential expects one"],
  ["order query: extra.sub_error_code", "part of every answer's envelope (common §4)"],
  ["order query: extra.sub_description", "part of every answer's envelope (common §4)"],
  ["order query: extra.logid", "part of every answer's envelope (common §4)"],
  ["order query: extra.now", "part of every answer's envelope (common §4)"],
]);

const [modules, program] = process.argv.slice(2);
if (program === undefined) {
  console.error("usage: node check.mjs MODULES PROGRAM (cargo xtask official-sdk knows both)");
  process.exit(2);
}
const need = createRequire(resolve(modules, "package.json"));
const sdk = need("@open-dy/open_api_sdk");
const util = need("@open-dy/open_api_util").default;
const Credential = need("@open-dy/open_api_credential").default;
const required = readRequired(need.resolve("@open-dy/open_api_sdk").replace(/\.js$/, ".d.ts"));

// The answer as it came, before the SDK makes its own of it.
let raw;
const read = util.readAsString.bind(util);
util.readAsString = async (body) => (raw = await read(body));

const simulator = await start(resolve(program));
const world = simulator.begin;
redirect(world.base_url);
const config = { clientKey: world.client_key, clientSecret: world.client_secret };
const client = new sdk.default(config);
const excused = new Set();
let token;
let passed = 0;
let failed = 0;

/** Runs one step and prints its line. */
async function step(name, body) {
  try {
    await simulator.seen(); // what a step before left behind is not this one's
    await body();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error.message}`);
  }
}

/**
 * One call by the SDK's `method`. `fields` go in under the SDK's names; `expected` is what the simulator has to have
 * seen: `query` or `body`, as the pages write them. Gives the SDK's reading of the answer and the answer itself.
 */
async function call(name, method, fields, expected) {
  const model = method[0].toUpperCase() + method.slice(1);
  const accessToken = method === "oauthClientToken" ? undefined : token;
  const answer = await client[method](new sdk[`${model}Request`]({ ...fields, accessToken }));
  const plain = JSON.parse(raw);
  const wrong = differences(plain, sdk[`${model}Response`], required).filter(({ path }) => {
    const place = `${name}: ${path}`;
    return PAGES_SAY_OTHERWISE.has(place) ? (excused.add(place), false) : true;
  });
  assert.deepEqual(wrong.map(({ path, text }) => `${path} ${text}`), [], "the answer differs from the SDK's model");
  await wasSeen(expected, plain);
  return { answer, plain };
}

async function wasSeen({ verb, path, query = {}, body = null, code = 0 }, answer) {
  const { calls, violations } = await simulator.seen();
  assert.deepEqual(violations, [], "the simulator saw rules broken");
  assert.equal(calls.length, 1, "one call is one request");
  const [seen] = calls;
  assert.deepEqual([seen.method, seen.path], [verb, path]);
  assert.deepEqual(Object.fromEntries(seen.query), query, "the query differs");
  assert.deepEqual(seen.body, body, "the body differs");
  assert.ok(seen.headers["content-type"]?.startsWith("application/json"), "content-type is application/json (common §4)");
  assert.equal(seen.headers["access-token"], undefined, "the simulator keeps no token");
  assert.equal(seen.error_code, code, "the call was refused");
  if (answer?.extra) assert.equal(answer.extra.logid, seen.logid);
}

const FULFILMENT = "/goodlife/v1/fulfilment";
const LEDGER = "/goodlife/v1/settle/ledger";
const TOKEN = "/oauth/client_token/";
const { account_id, poi_id, issued, waiting } = world;
const began_s = Math.floor(Date.now() / 1000) - 60;
const tokenBody = { client_key: world.client_key, client_secret: "***", grant_type: "client_credential" };

await step("client token", async () => {
  const fields = { clientKey: world.client_key, clientSecret: world.client_secret, grantType: "client_credential" };
  const { answer } = await call("client token", "oauthClientToken", fields, { verb: "POST", path: TOKEN, body: tokenBody });
  token = answer.data.accessToken;
  assert.match(token, /^clt\./);
  assert.equal(answer.data.expiresIn, "7200");
});

await step("client token by the SDK's credential", async () => {
  const { accessToken, expiresIn } = await new Credential(config).getClientToken();
  assert.match(accessToken, /^clt\./);
  assert.ok(expiresIn > Date.now(), "it ends in the future");
  await wasSeen({ verb: "POST", path: TOKEN, body: tokenBody });
});

await step("a wrong token", async () => {
  const query = { order_id: issued.order_id };
  const expected = { verb: "GET", path: `${FULFILMENT}/certificate/query/`, query, code: 2190002 };
  const request = new sdk.CertificateQueryRequest({ orderId: issued.order_id, accessToken: "clt.unknown" });
  // The SDK finds the code in the envelope and throws it.
  await assert.rejects(client.certificateQuery(request), { code: "2190002" });
  const answer = JSON.parse(raw);
  assert.deepEqual(differences(answer, sdk.CertificateQueryResponse, required), []);
  await wasSeen(expected, answer);
});

await step("voucher callback", async () => {
  const voucher = { entrance: { project_id: "V-1", qrcodes: ["QR-callback"] } };
  const fields = {
    orderId: waiting.order_id,
    thirdOrderId: waiting.order_out_id,
    result: "1",
    vouchers: [new sdk.CreateCallbackRequestVouchersItem({ entrance: { projectId: "V-1", qrcodes: ["QR-callback"] } })],
  };
  const body = { order_id: waiting.order_id, third_order_id: waiting.order_out_id, result: "1", vouchers: [voucher] };
  const expected = { verb: "POST", path: `${FULFILMENT}/create/callback/`, body };
  const { answer } = await call("voucher callback", "createCallback", fields, expected);
  const certificates = answer.data.certificateInfoList.map(({ certificateId, code }) => [certificateId, code]);
  assert.deepEqual(certificates, [[waiting.certificates[0], "QR-callback"]]);
});

await step("order query", async () => {
  const fields = { accountId: account_id, orderId: issued.order_id, pageNum: 1, pageSize: 20 };
  const query = { account_id, order_id: issued.order_id, page_num: "1", page_size: "20" };
  const path = "/goodlife/v1/trade/order/query/";
  const { answer } = await call("order query", "tradeOrderQuery", fields, { verb: "GET", path, query });
  const [order] = answer.data.orders;
  assert.deepEqual([order.orderId, order.count, order.payAmount], [issued.order_id, issued.copies, issued.pay_amount]);
  assert.deepEqual(order.certificate.map((one) => one.certificateId), issued.certificates);
  assert.deepEqual([answer.data.page.total, order.thirdSkuId], ["1", issued.sku_out_id]);
});

await step("order query by cursor", async () => {
  const path = "/goodlife/v1/trade/order/query/";
  const since = String(began_s);
  const page = (cursor) => ({ accountId: account_id, createOrderStartTime: since, pageNum: 1, pageSize: 1, cursor });
  const query = { account_id, create_order_start_time: since, page_num: "1", page_size: "1" };
  const first = await call("order query", "tradeOrderQuery", page(undefined), { verb: "GET", path, query });
  const cursor = first.answer.data.searchAfter.cursorValue;
  const expected = { verb: "GET", path, query: { ...query, cursor: cursor.join(",") } };
  const second = await call("order query", "tradeOrderQuery", page(cursor), expected);
  const ids = [first, second].flatMap(({ answer }) => answer.data.orders.map((order) => order.orderId));
  assert.deepEqual(ids, [issued.order_id, waiting.order_id]);
});

let encryptedCode;
await step("certificate query", async () => {
  const expected = { verb: "GET", path: `${FULFILMENT}/certificate/query/`, query: { order_id: issued.order_id } };
  const { answer } = await call("certificate query", "certificateQuery", { orderId: issued.order_id }, expected);
  assert.deepEqual(answer.data.certificates.map((one) => one.certificateId), issued.certificates);
  assert.deepEqual(answer.data.certificates.map((one) => one.code), issued.codes);
  encryptedCode = answer.data.certificates[0].encryptedCode;
});

await step("certificate verify by code", async () => {
  const fields = { orderId: issued.order_id, poiId: poi_id, verifyToken: "v-1", codes: [issued.codes[0]] };
  const body = { order_id: issued.order_id, poi_id, verify_token: "v-1", codes: [issued.codes[0]] };
  const expected = { verb: "POST", path: `${FULFILMENT}/certificate/verify/`, body };
  const { answer } = await call("certificate verify", "certificateVerify", fields, expected);
  const [result] = answer.data.verifyResults;
  assert.deepEqual([result.result, result.certificateId], [0, issued.certificates[0]]);
  const again = await call("certificate verify", "certificateVerify", fields, expected);
  assert.deepEqual(again.answer.data, answer.data, "the same verify_token, the same answer (common §13)");
});

await step("certificate verify by voucher", async () => {
  const project = `${issued.order_out_id}-2`;
  const vouchers = [new sdk.CertificateVerifyRequestVouchersItem({ projectId: project })];
  const fields = { orderId: issued.order_id, poiId: poi_id, verifyToken: "v-2", vouchers };
  const body = { order_id: issued.order_id, poi_id, verify_token: "v-2", vouchers: [{ project_id: project }] };
  const expected = { verb: "POST", path: `${FULFILMENT}/certificate/verify/`, body };
  const { answer } = await call("certificate verify", "certificateVerify", fields, expected);
  const [result] = answer.data.verifyResults;
  assert.deepEqual([result.result, result.certificateId], [0, issued.certificates[1]]);
});

await step("certificate verify of a redeemed voucher", async () => {
  const fields = { orderId: issued.order_id, poiId: poi_id, verifyToken: "v-3", codes: [issued.codes[0]] };
  const body = { order_id: issued.order_id, poi_id, verify_token: "v-3", codes: [issued.codes[0]] };
  const expected = { verb: "POST", path: `${FULFILMENT}/certificate/verify/`, body };
  const { answer } = await call("certificate verify", "certificateVerify", fields, expected);
  assert.deepEqual(answer.data.verifyResults.map((one) => one.result), [1208], "redeemed already (common §5)");
});

await step("certificate get", async () => {
  const query = { encrypted_code: encryptedCode };
  const expected = { verb: "GET", path: `${FULFILMENT}/certificate/get/`, query };
  const { answer } = await call("certificate get", "certificateGet", { encryptedCode }, expected);
  const { certificate } = answer.data;
  assert.deepEqual([certificate.certificateId, certificate.code], [issued.certificates[0], issued.codes[0]]);
  assert.equal(certificate.verifyRecords.length, 1);
});

let billDate;
await step("redemption history", async () => {
  const fields = { accountId: account_id, cursor: "0", size: 20, startTime: String(began_s) };
  const query = { account_id, cursor: "0", size: "20", start_time: String(began_s) };
  const expected = { verb: "GET", path: `${FULFILMENT}/certificate/verify_record/query/`, query };
  const { answer } = await call("redemption history", "verifyRecordQuery", fields, expected);
  const { records, total } = answer.data;
  assert.equal(total, "2");
  assert.deepEqual(records.map((one) => one.certificateId).sort(), [...issued.certificates].sort());
  // A bill is of the day of the redemption, in Chinese time (common §15).
  billDate = new Date((Number(records[0].verifyTime) + 8 * 3600) * 1000).toISOString().slice(0, 10);
});

for (const [name, method, path] of [
  ["ledger query", "ledgerQuery", `${LEDGER}/query/`],
  ["detailed ledger query", "ledgerDetailedQuery", `${LEDGER}/detailed_query/`],
]) {
  await step(name, async () => {
    const fields = { accountId: account_id, billDate, cursor: "0", size: "50" };
    const query = { account_id, bill_date: billDate, cursor: "0", size: "50" };
    const { answer } = await call(name, method, fields, { verb: "GET", path, query });
    const lines = answer.data.ledgerRecords;
    assert.deepEqual(lines.map((line) => line.certificate.certificateId).sort(), [...issued.certificates].sort());
    assert.equal(lines.reduce((sum, line) => sum + Number(line.amount.pay), 0), issued.pay_amount);
    assert.equal(answer.data.hasMore, false);
  });
}

await step("ledger query by certificate", async () => {
  const [certificate] = issued.certificates;
  const expected = { verb: "GET", path: `${LEDGER}/query_record_by_cert/`, query: { certificate_ids: certificate } };
  const fields = { certificateIds: [certificate] };
  const { answer } = await call("ledger query by certificate", "queryRecordByCert", fields, expected);
  assert.deepEqual(answer.data.records.map((one) => one.certificateId), [certificate]);
});

await step("product online get", async () => {
  const query = { account_id, product_ids: world.product_id };
  const expected = { verb: "GET", path: "/goodlife/v1/goods/product/online/get/", query };
  const fields = { accountId: account_id, productIds: [world.product_id] };
  const { answer } = await call("product online get", "onlineGet", fields, expected);
  const [online] = answer.data.productOnlines;
  assert.equal(online.product.productId, world.product_id);
  assert.equal(online.sku.outSkuId, issued.sku_out_id);
});

await step("every named difference was met", async () => {
  const unmet = [...PAGES_SAY_OTHERWISE.keys()].filter((place) => !excused.has(place));
  assert.deepEqual(unmet, [], "take these off the list");
});

simulator.stop();
if (passed === 0) failed += 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
