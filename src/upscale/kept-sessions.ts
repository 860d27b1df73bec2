/**
 * Sessions as ONNX Runtime has rewritten them, in files: the next process has one at once, without building
 * its graph. A file's name is a hash of all that decides it (our code, the runtime, the processor, the
 * description and the files of weights), with the size of the tile where it is for one, so nothing is out of
 * date. A file of weights is told by its place and its last change: hashing it would be work of every start.
 * What is kept is sealed and must be this user's alone, so a damaged one, or another's, is known and not
 * believed. For Node only.
 */
import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, stat } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { cacheFolder, makeRoom } from "../base/room.js";
import { readSealed, sealFile } from "../base/sealed-file.js";
import type { UpscalingModel } from "../checkpoints/index.js";
import type { InstalledModel } from "../checkpoints/store/find.js";
import { writeFileAtomically } from "../image/write-file.js";
import type { Backend } from "../runtime/backend.js";
import { createSession, type Session, type SessionOptions } from "../runtime/index.js";
import { kindOf } from "./kinds/index.js";
import type { TileGraph } from "./kinds/kind.js";
import type { TileSize } from "./tile-inputs.js";

/** A hash of the code, put in where that is joined into one file; other code keeps nothing. */
declare const SAMSR_BUILD: string | undefined;

/** Bytes that the files may have together; those not used for longest go first. One takes some 26 MB. */
const LARGEST_CACHE = 400 * 2 ** 20;
const LARGEST_FILE = 200 * 2 ** 20;

/** Weights that are larger make files that are read no sooner than they are made. */
const LARGEST_WEIGHTS = 32 * 2 ** 20;

const OWN_NAME = /^[0-9a-f]{64}(\.\d+x\d+)?\.ort$/;

/** Nothing is rewritten, and weights are read where they lie. */
const AS_IT_IS: SessionOptions = {
  optimization: "disabled",
  extra: { session: { use_ort_model_bytes_directly: "1", use_ort_model_bytes_for_initializers: "1" } },
};

/** Makes a session with these options too; undefined where there is none for all sizes. */
type MakeSession = (more: SessionOptions) => Promise<Session | undefined>;

/** The sessions of one graph of a model that are in files. */
export interface KeptSessions {
  /** The graph of which sessions are kept. */
  readonly graph: string;
  /** Whether there are some: then the weights fit their network. */
  readonly some: boolean;
  /** Tells whether there is a session for tiles of a size, or for all sizes where none is given. */
  has(size?: TileSize): boolean;
  /** Reads a session; undefined where none is kept. */
  find(size: TileSize | undefined, options: SessionOptions): Promise<Session | undefined>;
  /**
   * Makes the first session that is asked for and keeps it; others are only made, since a folder of pictures
   * may have many sizes.
   */
  keep(size: TileSize | undefined, make: MakeSession): Promise<Session | undefined>;
}

/**
 * Finds what is kept of a model, at its own detail.
 * @param build a hash of the code
 * @returns undefined where nothing is kept: for code that is not joined, another device than the processor, a
 * model of more than one graph, or of large or published weights
 */
export async function openKeptSessions(
  model: InstalledModel<UpscalingModel>,
  backend: Backend,
  folder = join(cacheFolder(), "sessions"),
  build = typeof SAMSR_BUILD === "undefined" ? undefined : SAMSR_BUILD,
): Promise<KeptSessions | undefined> {
  const [graph, ...others] = kindOf(model.description).onePass;
  if (build === undefined || backend.name !== "node" || !graph || others.length > 0) return undefined;
  const key = await keyOf(model, graph, [build, backend.version ?? ""]).catch(() => undefined);
  if (key === undefined) return undefined;
  const names = await readdir(folder).catch((): string[] => []);
  const nameOf = (size?: TileSize) => `${key}${size ? `.${size.width}x${size.height}` : ""}.ort`;
  const has = (size?: TileSize) => names.includes(nameOf(size));
  /** What sessions read their weights from, as long as they are there. */
  const held = new WeakMap<Session, Uint8Array>();
  let isFirst = true;

  return {
    graph: graph.name,
    some: names.some((name) => name.startsWith(key)),
    has,
    async find(size, options) {
      const bytes = has(size) ? await readKept(join(folder, nameOf(size))) : undefined;
      if (!bytes) return undefined;
      const session = await createSession(bytes, { ...options, ...AS_IT_IS }).catch(() => undefined);
      if (!session) return undefined;
      isFirst = false;
      held.set(session, bytes);
      return session;
    },
    async keep(size, make) {
      if (!isFirst) return make({});
      let session: Session | undefined;
      let isMade = false;
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFileAtomically(
          join(folder, nameOf(size)),
          async (rewrittenFile) => {
            session = await make({ rewrittenFile });
            isMade = true;
            if (!session) throw new Error("there is nothing to keep");
            isFirst = false;
            await sealFile(rewrittenFile);
          },
          { overwrite: true, secret: true, volatile: true },
        );
        await makeRoom(folder, OWN_NAME, LARGEST_CACHE);
      } catch {
        // A folder that cannot be written to is no reason to fail.
      }
      return isMade ? session : make({});
    },
  };
}

/**
 * Returns the name that a model's session is kept by; undefined where a file of its weights is too large, or
 * read in another way. @throws where one is not there
 */
async function keyOf(
  { description, folder, place }: InstalledModel<UpscalingModel>,
  { weights: part }: TileGraph,
  versions: readonly string[],
): Promise<string | undefined> {
  if (place === "file" || part === undefined) return undefined;
  const { detail } = kindOf(description);
  const parts = part === detail?.student ? [detail.student, detail.sharp] : [part];
  const machine = [process.platform, process.arch, cpus()[0]?.model];
  const hash = createHash("sha256").update(JSON.stringify([versions, machine, description]));
  for (const name of parts) {
    const path = join(folder, (description.weights as Readonly<Record<string, string>>)[name]!);
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    if (size > LARGEST_WEIGHTS) return undefined;
    hash.update([dev, ino, size, mtimeNs, ctimeNs].join());
  }
  return hash.digest("hex");
}

/** Reads a file that only this user may have written, and that is whole; undefined for any other. */
async function readKept(path: string): Promise<Uint8Array | undefined> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts === undefined) return undefined;
  if (process.getuid && (facts.uid !== process.getuid() || (facts.mode & 0o022) !== 0)) return undefined;
  return readSealed(path, LARGEST_FILE);
}
