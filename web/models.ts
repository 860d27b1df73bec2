/** Model files of the visitor's own, kept in the browser's private storage. */

export interface KeptModel {
  readonly name: string;
  /** One, or the two of ncnn. */
  readonly files: readonly File[];
}

/** Whether a file is of a model, by its name. */
export const isModelFile = ({ name }: File) => /\.(pth|pt|ckpt|safetensors|onnx|param|bin)$/i.test(name);

async function folder(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle("models", { create: true });
}

/** The models that are kept; none where the browser keeps nothing. */
export async function keptModels(): Promise<KeptModel[]> {
  try {
    const files: File[] = [];
    for await (const handle of (await folder()).values()) {
      if (handle.kind === "file") files.push(await handle.getFile());
    }
    return modelsOf(files);
  } catch {
    return [];
  }
}

/** Which models files are: ncnn's numbers belong to the text that has their name, each other file is one. */
function modelsOf(files: readonly File[]): KeptModel[] {
  const numbersOf = ({ name: text }: File) =>
    /\.param$/i.test(text) ? files.find(({ name }) => name === text.replace(/\.param$/i, ".bin")) : undefined;
  const seconds = new Set(files.map(numbersOf));
  return files
    .filter((file) => !seconds.has(file))
    .map((file) => {
      const numbers = numbersOf(file);
      return { name: file.name, files: numbers ? [file, numbers] : [file] };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Keeps a model's file, in place of one of the same name. */
export async function keepModelFile(file: File): Promise<void> {
  const handle = await (await folder()).getFileHandle(file.name, { create: true });
  await file.stream().pipeTo(await handle.createWritable());
}

export async function removeModel({ files }: KeptModel): Promise<void> {
  for (const { name } of files) await (await folder()).removeEntry(name);
}
