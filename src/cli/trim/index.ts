/** The words of `samsr trim`. */
import type { Command } from "commander";
import type { Surroundings } from "../options.js";
import type { TrimArguments } from "./run.js";

const help = `
onnxruntime-node brings the binaries of Linux, macOS and Windows in one package, and only one of them runs
here. This takes the others away from the onnxruntime-node that this samsr uses, and touches nothing else.
Whatever shares that package loses them too; installing onnxruntime-node again brings them back. Leave it
be where one node_modules serves several systems.

Examples:
  npm install --omit=dev --ignore-scripts samsr && npx samsr trim
  samsr trim --dry-run`;

export function defineTrim(program: Command, { done }: Surroundings): void {
  program
    .command("trim")
    .summary("take other systems' binaries of ONNX Runtime away")
    .description("Removes the binaries of ONNX Runtime that are for other systems than this one.")
    .option("--dry-run", "say what would go, and leave it there")
    .addHelpText("after", help)
    .action(async (options: TrimArguments) => {
      const { trimCommand } = await import("./run.js");
      done(await trimCommand(options));
    });
}
