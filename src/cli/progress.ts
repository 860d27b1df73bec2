/**
 * A progress bar on a terminal: which file, how many tiles, how long it still takes. In a pipe there is none.
 */
import type { WriteStream } from "node:tty";
import { printable } from "../base/printable.js";

export interface ProgressBar {
  /** Begins a new file. `place` says which of how many, such as "2/10", or is empty. */
  file(name: string, place: string): void;
  /**
   * Draws how far the file is; `stage` is a word for people; with a total above 1 the bar shows how far it
   * is.
   */
  update(progress: { stage: string; done: number; total: number }): void;
  /** Wipes the bar, so that a line can be written; the next update draws it again. */
  clear(): void;
}

const silent: ProgressBar = { file() {}, update() {}, clear() {} };

/** The least time between two drawings of the bar, in milliseconds. */
const BETWEEN_DRAWS = 80;

/** Creates a bar on this stream, or one that does nothing where the stream is no terminal. */
export function createProgressBar(stream: WriteStream, wanted: boolean): ProgressBar {
  if (!wanted || !stream.isTTY || process.env.TERM === "dumb") return silent;
  let [name, place] = ["", ""];
  let visible = false;
  let drawn = 0;
  let stage = "";
  let begun = performance.now();

  function update(progress: { stage: string; done: number; total: number }): void {
    const now = performance.now();
    const changed = progress.stage !== stage;
    if (changed) [stage, begun] = [progress.stage, now];
    if (!changed && now - drawn < BETWEEN_DRAWS && progress.done < progress.total) return;
    drawn = now;
    visible = true;
    const line = renderProgress({ name, place, ...progress, elapsed: now - begun }, stream.columns || 80);
    stream.write(`\r${printable(line)}\x1b[K`);
  }
  return {
    file(newName, newPlace) {
      [name, place, stage] = [newName, newPlace, ""];
      update({ stage: "reading", done: 0, total: 1 });
    },
    update,
    clear() {
      if (visible) stream.write("\r\x1b[K");
      visible = false;
    },
  };
}

interface ProgressLine {
  readonly name: string;
  readonly place: string;
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  /** Milliseconds since the stage began. */
  readonly elapsed: number;
}

/** Renders the text of the bar, at most `columns - 1` characters, the name shortened first. */
export function renderProgress(line: ProgressLine, columns: number): string {
  const { name, place, stage, done, total, elapsed } = line;
  const counted = total > 1;
  const width = columns < 60 ? 10 : 20;
  const filled = Math.round((width * Math.min(done, total)) / Math.max(total, 1));
  const bar = counted ? `[${"#".repeat(filled)}${"-".repeat(width - filled)}] ${done}/${total} ` : "";
  const left =
    counted && done > 0 && done < total ? `  ${duration((elapsed / done) * (total - done))} left` : "";
  const tail = `${bar}${stage}${left}${place && `  (${place})`}`;
  const room = columns - 1 - tail.length - 2;
  if (room < 4) return tail.slice(0, Math.max(0, columns - 1));
  return `${name.length > room ? `...${name.slice(3 - room)}` : name}  ${tail}`;
}

/** Minutes and seconds, `1:05`, or with hours `2:03:09`. */
export function duration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}
