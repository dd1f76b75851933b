// Runs the simulated platform (the example `serve` of plugins/douyin/simulator) and asks it what it saw.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Starts the program; `begin` is what it says first. It ends with its standard input, and with us. */
export async function start(program) {
  const child = spawn(program, [], { stdio: ["pipe", "pipe", "inherit"] });
  const failed = new Promise((_, reject) => {
    child.once("error", (error) => reject(new Error(`${program}: ${error.message}`)));
    child.once("exit", (code) => reject(new Error(`${program} ended with code ${code}`)));
  });
  failed.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => JSON.parse((await Promise.race([lines.next(), failed])).value);
  return {
    begin: await line(),
    /** The calls since the last question, and the rules broken so far. */
    async seen() {
      child.stdin.write("seen\n");
      return line();
    },
    stop() {
      child.removeAllListeners("exit");
      child.stdin.end();
    },
  };
}
