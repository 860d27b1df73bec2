/** `samsr models remove NAME`: takes a model out of the store. */
import { removeModel } from "../../checkpoints/store/index.js";
import { print } from "../streams.js";
import { megabytes } from "./format.js";

export async function removeCommand(names: readonly string[], options: { force?: boolean }): Promise<number> {
  for (const name of names) {
    const { folder, bytes, users } = await removeModel(name, options);
    const lack = users.length > 0 ? `; ${users.join(", ")} cannot run without it` : "";
    print(`removed ${name}: ${folder}, ${megabytes(bytes)}${lack}\n`);
  }
  return 0;
}
