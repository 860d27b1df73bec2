/**
 * Packs what `run.py` trains with on a machine that has Python with PyTorch and nothing else: Node and the
 * packages, samsr as it is built, a configuration, weights, as many photos as fit, and what an earlier call
 * left.
 */
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { SamsrError } from "../../src/base/errors.js";
import { readTrainingConfig } from "../../src/train/config/index.js";
import { listImages } from "../../src/train/data/photos.js";
import { shuffle } from "../../src/train/data/shuffle.js";
import { COMMAND, COVERAGE, ROOT } from "../places.js";
import { exists } from "../run-folder.js";

const run = promisify(execFile);

export interface PackOptions {
  /** A folder that is made, or whose `runtime.tar.xz` is used again. */
  readonly out: string;
  readonly config: string;
  readonly data: readonly string[];
  readonly teacher?: string;
  readonly start?: string;
  /** What `run.py` left in its --out. */
  readonly resumeFrom?: string;
  /** Photos are left out beyond this many bytes of runtime and job together. */
  readonly mostBytes: number;
  /** Photos are packed as WebP of this quality, 1 to 100; left out, as they are. */
  readonly quality?: number;
  readonly say: (line: string) => void;
}

/**
 * Writes `run.py`, `runtime.tar.xz` and `job.tar` into a folder.
 * @throws SamsrError when something is not there, or not even one photo fits
 */
export async function pack(options: PackOptions): Promise<void> {
  const { out, say, mostBytes } = options;
  if (!(await exists(COMMAND))) throw new SamsrError(`${COMMAND} is not there: npm run build makes it`);
  const config = readTrainingConfig(await readFile(options.config), options.config);
  await mkdir(out, { recursive: true });
  const runtime = await packRuntime(out, say);
  const staging = await mkdtemp(join(tmpdir(), "samsr-pack-"));
  try {
    const weights = { teacher: options.teacher, start: options.start };
    const given = Object.entries(weights).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    const names = given.map(([option, path]) => [option, `${option}-${basename(path)}`] as const);
    const links: [string, string][] = [
      ...["dist", "executor", "package.json"].map((name): [string, string] => [name, join(ROOT, name)]),
      ["models/coverage-tiny", COVERAGE],
      ["config.yaml", options.config],
      ...given.map(([option, path]): [string, string] => [`${option}-${basename(path)}`, path]),
    ];
    if (options.resumeFrom !== undefined) links.push(["earlier", options.resumeFrom]);
    for (const [name, target] of links) await link(target, join(staging, name));
    const job = { train: config.train, weights: Object.fromEntries(names) };
    await writeFile(join(staging, "job.json"), JSON.stringify(job));
    const room = mostBytes - runtime - (await bytesOf(staging));
    const { taken, all } = await packPhotos(options, join(staging, "photos"), room);
    if (taken === 0)
      throw new SamsrError(`no photo fits: ${megabytes(mostBytes - room)} are taken before the first`);
    await run("tar", ["-cf", join(out, "job.tar"), "--dereference", "-C", staging, "."]);
    say(`${taken} of ${all} photos`);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  await copyFile(join(ROOT, "reproduce/gpu/run.py"), join(out, "run.py"));
  const job = (await stat(join(out, "job.tar"))).size;
  say(`${out}: runtime.tar.xz ${megabytes(runtime)}, job.tar ${megabytes(job)}`);
}

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

async function link(target: string, name: string): Promise<void> {
  if (!(await exists(target))) throw new SamsrError(`${target}: there is no such file or folder to pack`);
  await mkdir(dirname(name), { recursive: true });
  await symlink(resolve(target), name);
}

/** Packages that only run networks elsewhere than in PyTorch, or are types. */
const LEFT_OUT = /node_modules\/(onnxruntime-|@types\/|protobufjs|@protobufjs)/;

/** Node and the packages, made anew when either is another. @returns its size in bytes */
async function packRuntime(out: string, say: (line: string) => void): Promise<number> {
  const archive = join(out, "runtime.tar.xz");
  const stamp = join(out, "runtime.txt");
  const lock = await stat(join(ROOT, "package-lock.json"));
  const of = `${process.version} ${process.platform} ${process.arch} ${lock.size} ${lock.mtimeMs}`;
  const before = await readFile(stamp, "utf8").catch(() => undefined);
  if (before !== of || !(await exists(archive))) {
    say("packing Node and the packages, which takes a minute or two");
    const listed = await run("npm", ["ls", "--omit=dev", "--all", "--parseable"], { cwd: ROOT }).catch(
      // It complains of what is optional and absent, and lists the rest.
      (error: { stdout: string }) => error,
    );
    const packages = listed.stdout
      .split("\n")
      .map((path) => path.match(/node_modules\/.*/)?.[0])
      .filter((path): path is string => path !== undefined && !LEFT_OUT.test(path));
    const staging = await mkdtemp(join(tmpdir(), "samsr-pack-"));
    try {
      await link(process.execPath, join(staging, "node"));
      for (const path of packages) {
        if (await exists(join(ROOT, path))) await link(join(ROOT, path), join(staging, path));
      }
      const xz = { ...process.env, XZ_OPT: "-T0 -6" };
      await run("tar", ["-cJf", archive, "--dereference", "-C", staging, "."], { env: xz });
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
    await writeFile(stamp, of);
  }
  return (await stat(archive)).size;
}

/** Photos in an order drawn from a fixed seed, until the room is full. */
async function packPhotos({ data, quality }: PackOptions, folder: string, room: number) {
  await mkdir(folder);
  const photos = (await Promise.all(data.map(listImages))).flat();
  const order = shuffle(photos.length, 1);
  let taken = 0;
  let left = room;
  for (let i = 0; i < photos.length; i++) {
    const { path: file } = photos[order(i)];
    const bytes =
      quality === undefined
        ? await readFile(file)
        : await sharp(file).webp({ quality, effort: 4 }).toBuffer();
    // What an archive adds to a file.
    left -= bytes.length + 1024;
    if (left < 0) break;
    const name = quality === undefined ? basename(file) : `${basename(file)}.webp`;
    await writeFile(join(folder, `${String(i).padStart(5, "0")}-${name}`), bytes);
    taken++;
  }
  return { taken, all: photos.length };
}

async function bytesOf(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder)) {
    const path = join(folder, entry);
    const facts = await stat(path);
    sum += facts.isDirectory() ? await bytesOf(path) : facts.size + 1024;
  }
  return sum;
}
