// Turns the SDK's calls to the loopback port. Every method of the SDK names its host itself and has no setting for it,
// so the one function that opens its connections is replaced; a call to any other host is refused, never sent.

import http from "node:http";
import https from "node:https";

const HOST = "open.douyin.com";

/** From now on a call to Douyin goes to `base_url`. */
export function redirect(base_url) {
  const base = new URL(base_url);
  if (base.hostname !== "127.0.0.1") throw new Error(`the simulator must listen on loopback, not ${base.hostname}`);
  https.request = (options, answered) => {
    const host = options.hostname ?? options.host;
    if (host !== HOST) throw new Error(`the SDK called ${host}; expected ${HOST} alone`);
    // Its agents speak TLS. `hostname` would win over `host` where both are given.
    const here = { ...options, protocol: "http:", host: base.hostname, hostname: base.hostname, port: base.port };
    return http.request({ ...here, agent: undefined, agents: undefined, defaultPort: 80 }, answered);
  };
}
