import type { ProgressBar } from "../progress.js";

/** How far a file is. */
interface FileProgress {
  readonly file: string;
  readonly stage: "fetch" | "verify" | "read" | "write";
  readonly done: number;
  readonly total?: number;
}

const WORDS = { fetch: "MB", verify: "MB verified", read: "reading", write: "tensors written" };

/** Draws it: bytes as megabytes, and a new line of the bar for each file. */
export function modelProgress(bar: ProgressBar): (progress: FileProgress) => void {
  let last: string | undefined;
  return ({ file, stage, done, total }) => {
    if (file !== last) bar.file((last = file), "");
    const unit = stage === "fetch" || stage === "verify" ? 1e6 : 1;
    if (total === undefined)
      bar.update({ stage: `${Math.floor(done / unit)} ${WORDS[stage]}`, done: 0, total: 1 });
    else bar.update({ stage: WORDS[stage], done: Math.floor(done / unit), total: Math.ceil(total / unit) });
  };
}
