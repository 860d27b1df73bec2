/** What is dropped on the page: files, and folders with all that lies in them. */
import { isModelFile } from "./models.js";

/** What a drop holds. */
interface Dropped {
  readonly files: readonly File[];
  /** The names of folders in which there was nothing to take. */
  readonly barren: readonly string[];
}

/** Pictures whose type browsers do not know by their endings. */
const PICTURE = /\.(avif|bmp|gif|heic|heif|jpe?g|jxl|png|tiff?|webp)$/i;

/** Returns the files of a drop; of a folder pictures and models, in the order of their names. */
export async function filesOf(transfer: DataTransfer | null): Promise<Dropped> {
  const items = [...(transfer?.items ?? [])].filter(({ kind }) => kind === "file");
  // Asked for before anything is waited for: the list is empty afterwards.
  const given = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const files: File[] = [];
  const barren: string[] = [];
  for (const { entry, file } of given) {
    if (!entry?.isDirectory) {
      if (file) files.push(file);
      continue;
    }
    const found = (await filesIn(entry as FileSystemDirectoryEntry)).filter(isWanted);
    if (found.length === 0) barren.push(entry.name);
    files.push(...found);
  }
  return { files, barren };
}

function isWanted(file: File): boolean {
  if (file.name.startsWith(".")) return false;
  return file.type.startsWith("image/") || PICTURE.test(file.name) || isModelFile(file);
}

async function filesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  for (;;) {
    // A hundred come at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) break;
    entries.push(...some);
  }
  entries.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const files: File[] = [];
  for (const entry of entries) {
    if (entry.isDirectory) files.push(...(await filesIn(entry as FileSystemDirectoryEntry)));
    else
      files.push(
        await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
      );
  }
  return files;
}
