/** Results on their way out of the page: one file, all as a zip, or into a folder. */
import { downloadZip } from "client-zip";

/** Hands a file to the browser's downloads. */
export function save(file: File): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** As much of the File System Access interface as is used here. */
interface Pickers {
  showSaveFilePicker?(options: object): Promise<{ createWritable(): Promise<WritableStream> }>;
  showDirectoryPicker?(options: object): Promise<Folder>;
}

interface Folder {
  keys(): AsyncIterable<string>;
  removeEntry(name: string): Promise<void>;
  getFileHandle(
    name: string,
    options?: { create: boolean },
  ): Promise<{ createWritable(): Promise<WritableStream> }>;
}

const pickers = globalThis as Pickers;

export const canSaveToFolder = pickers.showDirectoryPicker !== undefined;

/**
 * All files as one zip: written as a stream where the browser can, and else made of the files themselves and
 * what the zip has around them, so that none is in memory twice. @returns how many were written
 */
export async function saveZip(files: readonly File[]): Promise<number> {
  if (pickers.showSaveFilePicker) {
    const target = await chosen(() => pickers.showSaveFilePicker!({ suggestedName: "samsr.zip" }));
    if (!target) return 0;
    await zipOf(files, (file) => file.stream()).pipeTo(await target.createWritable());
    return files.length;
  }
  const fileOf = new WeakMap<Uint8Array, File>();
  const noted = (file: File) =>
    file.stream().pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          fileOf.set(chunk, file);
          controller.enqueue(chunk);
        },
      }),
    );
  const parts: (Uint8Array | File)[] = [];
  const reader = zipOf(files, noted).getReader();
  for (let { value } = await reader.read(); value; { value } = await reader.read()) {
    // Pictures are packed already, so a zip holds them as they are.
    const part = fileOf.get(value) ?? value;
    if (part === value || part !== parts.at(-1)) parts.push(part);
  }
  save(new File(parts as BlobPart[], "samsr.zip", { type: "application/zip" }));
  return files.length;
}

function zipOf(
  files: readonly File[],
  read: (file: File) => ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  const lastModified = new Date();
  return downloadZip(distinct(files).map(({ name, file }) => ({ name, input: read(file), lastModified })))
    .body!;
}

/**
 * All files into a folder that the visitor chooses, beside what lies there already. @returns how many were
 * written
 */
export async function saveToFolder(files: readonly File[]): Promise<number> {
  const folder = await chosen(() => pickers.showDirectoryPicker!({ mode: "readwrite" }));
  if (!folder) return 0;
  const taken: string[] = [];
  for await (const name of folder.keys()) taken.push(name);
  for (const { name, file } of distinct(files, taken)) {
    const handle = await folder.getFileHandle(name, { create: true });
    try {
      await file.stream().pipeTo(await handle.createWritable());
    } catch (error) {
      // What there was no room for leaves no empty file.
      await folder.removeEntry(name).catch(() => {});
      throw error;
    }
  }
  return files.length;
}

/** What a picker gives; undefined where the visitor thought better of it. */
async function chosen<T>(pick: () => Promise<T>): Promise<T | undefined> {
  try {
    return await pick();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return undefined;
    throw error;
  }
}

/** Names of which no two are the same, nor any that is taken, on systems too to which a and A are one. */
export function distinct(
  files: readonly File[],
  taken: readonly string[] = [],
): { name: string; file: File }[] {
  const used = new Set(taken.map(folded));
  return files.map((file) => {
    let name = file.name;
    for (let n = 2; used.has(folded(name)); n++) name = file.name.replace(/(\.[^.]*)?$/, ` (${n})$1`);
    used.add(folded(name));
    return { name, file };
  });
}

const folded = (name: string) => name.normalize("NFC").toLowerCase();
