/** npm run reproduce: program.ts as a process. */
import { runProgram } from "./program.js";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop.abort());

process.exitCode = await runProgram(process.argv.slice(2), stop);
