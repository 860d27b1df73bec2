/** Model files of the visitor's own, kept in the browser's private storage. */

export interface KeptModel {
  readonly name: string;
  readonly file: File;
}

async function folder(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle("models", { create: true });
}

/** The models that are kept; none where the browser keeps nothing. */
export async function keptModels(): Promise<KeptModel[]> {
  try {
    const models: KeptModel[] = [];
    for await (const handle of (await folder()).values()) {
      if (handle.kind === "file") models.push({ name: handle.name, file: await handle.getFile() });
    }
    return models.sort((a, b) => a.name.localeCompare(b.name));
  } catch {
    return [];
  }
}

/** Keeps a model, in place of one of the same name. */
export async function keepModel(file: File): Promise<void> {
  const handle = await (await folder()).getFileHandle(file.name, { create: true });
  await file.stream().pipeTo(await handle.createWritable());
}

export async function removeModel(name: string): Promise<void> {
  await (await folder()).removeEntry(name);
}
