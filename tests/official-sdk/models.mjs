// Compares an answer with the SDK's own model of it: names, types, and what must be there. The SDK itself is lenient (it
// makes a string of a number and passes over what it does not know), so its reading alone would prove little.

import { readFileSync } from "node:fs";

/** Reads the SDK's declarations: the properties of each model that must be there, which its code does not say. */
export function readRequired(declarations) {
  const required = new Map();
  const classes = /export declare class (\w+) extends \$tea\.Model \{\n([\s\S]*?)\n\}/g;
  for (const [, name, body] of readFileSync(declarations, "utf8").matchAll(classes)) {
    required.set(name, [...body.matchAll(/^ {4}(\w+): /gm)].map(([, property]) => property));
  }
  if (required.size < 100) throw new Error(`${declarations} declares ${required.size} models; expected hundreds`);
  return required;
}

/** Where `value` differs from the model: `{ path, text }` for each place; list places are written `[]`. */
export function differences(value, model, required, path = "") {
  if (typeof value !== "object" || Array.isArray(value)) return [{ path, text: `is no object (${model.name})` }];
  const [names, types] = [model.names(), model.types()];
  const listed = new Set(Object.values(names));
  const found = Object.keys(value)
    .filter((name) => !listed.has(name))
    .map((name) => ({ path: join(path, name), text: `is not in ${model.name}` }));
  for (const [property, name] of Object.entries(names)) {
    const place = join(path, name);
    const inner = value[name];
    if (inner !== undefined && inner !== null) {
      found.push(...ofType(inner, types[property], required, place));
    } else if (required.get(model.name)?.includes(property)) {
      found.push({ path: place, text: `is missing; ${model.name} requires it` });
    }
  }
  return found;
}

function ofType(value, type, required, path) {
  if (typeof type === "function") return differences(value, type, required, path);
  if (type.type === "array") {
    if (!Array.isArray(value)) return [{ path, text: `is ${typeof value}, the SDK says list` }];
    return value.flatMap((item) => ofType(item, type.itemType, required, `${path}[]`));
  }
  const wanted = type.type === "map" ? "object" : type;
  return wanted === "any" || typeof value === wanted ? [] : [{ path, text: `is ${typeof value}, the SDK says ${wanted}` }];
}

function join(path, name) {
  return path === "" ? name : `${path}.${name}`;
}
