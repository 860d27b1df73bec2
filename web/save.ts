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
  getFileHandle(
    name: string,
    options?: { create: boolean },
  ): Promise<{ createWritable(): Promise<WritableStream> }>;
}

const pickers = globalThis as Pickers;

export const canSaveToFolder = pickers.showDirectoryPicker !== undefined;

/** All files as one zip, written as a stream where the browser can. */
export async function saveZip(files: readonly File[]): Promise<void> {
  const named = distinct(files);
  const zip = downloadZip(named.map(({ name, file }) => ({ name, input: file, lastModified: new Date() })));
  if (pickers.showSaveFilePicker) {
    const target = await chosen(() => pickers.showSaveFilePicker!({ suggestedName: "samsr.zip" }));
    if (target) await zip.body!.pipeTo(await target.createWritable());
    return;
  }
  save(new File([await zip.blob()], "samsr.zip", { type: "application/zip" }));
}

/** All files into a folder that the visitor chooses. @returns how many were written */
export async function saveToFolder(files: readonly File[]): Promise<number> {
  const folder = await chosen(() => pickers.showDirectoryPicker!({ mode: "readwrite" }));
  if (!folder) return 0;
  for (const { name, file } of distinct(files)) {
    const handle = await folder.getFileHandle(name, { create: true });
    await file.stream().pipeTo(await handle.createWritable());
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

/** Names of which no two are the same. */
function distinct(files: readonly File[]): { name: string; file: File }[] {
  const used = new Set<string>();
  return files.map((file) => {
    let name = file.name;
    for (let n = 2; used.has(name); n++) name = file.name.replace(/(\.[^.]*)?$/, ` (${n})$1`);
    used.add(name);
    return { name, file };
  });
}
