import { execFileSync } from "node:child_process";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SamsrError } from "../base/errors.js";
import { markOf, newOwner, type Owner } from "../base/owner.js";
import { checkWritable, writeFileAtomically } from "./write-file.js";

const bytes = new Uint8Array([1, 2, 3]);
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "samsr-write-"));
  path = join(folder, "out.bin");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function refused(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(SamsrError);
  expect((error as Error).message).not.toContain("\n");
  return (error as Error).message;
}

describe("writeFileAtomically", () => {
  it("writes bytes, or what a function writes, and leaves nothing beside them", async () => {
    await writeFileAtomically(path, bytes);
    await writeFileAtomically(join(folder, "b"), (temporary) => writeFile(temporary, "text"));
    expect(new Uint8Array(await readFile(path))).toEqual(bytes);
    expect(await readdir(folder)).toEqual(["b", "out.bin"]);
  });

  it("never overwrites unless asked, even a file that appears while it writes", async () => {
    await writeFile(path, "old");
    expect(await refused(writeFileAtomically(path, bytes))).toContain(`${path} exists already`);
    expect(await refused(checkWritable(path))).toContain("exists already");
    const late = join(folder, "late");
    const race = writeFileAtomically(late, async (temporary) => {
      await writeFile(temporary, bytes);
      await writeFile(late, "first");
    });
    expect(await refused(race)).toContain("exists already");
    expect(await readFile(late, "utf8")).toBe("first");
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["late", "out.bin"]);
  });

  it("lets exactly one of many writers have a name", async () => {
    const all = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => writeFileAtomically(path, new Uint8Array(1000).fill(i))),
    );
    expect(all.filter((one) => one.status === "fulfilled").length).toBe(1);
    expect(new Set(await readFile(path)).size).toBe(1);
    expect(await readdir(folder)).toEqual(["out.bin"]);
  });

  it("overwrites when asked, through a symbolic link too", async () => {
    await writeFile(path, "old");
    await symlink("out.bin", join(folder, "link"));
    await writeFileAtomically(join(folder, "link"), bytes, { overwrite: true });
    expect(new Uint8Array(await readFile(path))).toEqual(bytes);
  });

  it("gives what replaces a file its mode, and is private where it must be, from the first byte on", async () => {
    for (const mode of [0o600, 0o640, 0o755, 0o444]) {
      await rm(path, { force: true });
      await writeFile(path, "old", { mode: 0o600 });
      await chmod(path, mode);
      await writeFileAtomically(
        path,
        async (temporary) => {
          expect((await stat(temporary)).mode & 0o077 & ~mode).toBe(0);
          await writeFile(temporary, bytes);
        },
        { overwrite: true },
      );
      expect((await stat(path)).mode & 0o777).toBe(mode);
    }
    const secret = join(folder, "secret");
    const check = async (temporary: string) => {
      expect((await stat(temporary)).mode & 0o777).toBe(0o600);
      await writeFile(temporary, bytes);
    };
    await writeFileAtomically(secret, check, { secret: true });
    await chmod(secret, 0o644);
    await writeFileAtomically(secret, check, { secret: true, overwrite: true });
    expect((await stat(secret)).mode & 0o777).toBe(0o600);
  });

  it.skipIf(process.platform === "win32")("never replaces a pipe or a device", async () => {
    execFileSync("mkfifo", [path]);
    const others = [path];
    // Only root may make one.
    if (process.getuid?.() === 0) {
      others.push(join(folder, "device"));
      execFileSync("mknod", [others[1]!, "c", "1", "3"]);
    }
    const facts = await Promise.all(others.map((one) => stat(one)));
    for (const one of others) {
      expect(await refused(writeFileAtomically(one, bytes, { overwrite: true }))).toContain(
        `${one} is a device, pipe or socket`,
      );
    }
    const after = await Promise.all(others.map((one) => stat(one)));
    expect(after.map(({ ino, mode, rdev }) => [ino, mode, rdev])).toEqual(
      facts.map(({ ino, mode, rdev }) => [ino, mode, rdev]),
    );
  });

  it.skipIf(process.platform === "win32")("follows a link to nothing, and none in a circle", async () => {
    await symlink("out.bin", join(folder, "first"));
    await symlink("first", join(folder, "second"));
    await symlink("round", join(folder, "round"));
    await writeFileAtomically(join(folder, "second"), bytes);
    expect(new Uint8Array(await readFile(path))).toEqual(bytes);
    expect((await lstat(join(folder, "second"))).isSymbolicLink()).toBe(true);
    const round = writeFileAtomically(join(folder, "round"), bytes, { overwrite: true });
    expect(await refused(round)).toContain("in a circle");
  });

  it.skipIf(process.getuid?.() !== 0)("leaves a file to its owner", async () => {
    await writeFile(path, "old", { mode: 0o640 });
    await chown(path, 12_345, 23_456);
    await writeFileAtomically(path, bytes, { overwrite: true });
    const { uid, gid, mode } = await stat(path);
    expect([uid, gid, mode & 0o777]).toEqual([12_345, 23_456, 0o640]);
  });

  it("removes what a killed process left in the folder, and nobody else's files", async () => {
    const owner = newOwner();
    const name = (more: Partial<Owner>) => `.samsr-${markOf({ ...owner, ...more })}.tmp`;
    const [dead, other] = [{ pid: 999_999_999 }, { system: "0123456789ab" }];
    const gone = [name(dead), name({ ...other, token: "a".repeat(12) })];
    const reused = process.platform === "linux" ? [name({ began: "1" })] : [];
    const kept = [name({}), name(other), ".samsr-mine.tmp", ".samsr-1-2.tmp", `${name(dead)}~`];
    for (const one of [...gone, ...reused, ...kept]) await writeFile(join(folder, one), "");
    const old = new Date(Date.now() - 2 * 24 * 3600 * 1000);
    for (const one of [gone[1], kept[0]]) await utimes(join(folder, one), old, old);
    await mkdir(join(folder, name({ ...dead, token: "b".repeat(12) })));
    await writeFileAtomically(path, bytes);
    const folders = [name({ ...dead, token: "b".repeat(12) })];
    expect(await readdir(folder)).toEqual([...kept, ...folders, "out.bin"].sort());
  });

  it("keeps the old file when writing fails, passes the error on and cleans up", async () => {
    await writeFile(path, "old");
    const failing = writeFileAtomically(
      path,
      async (temporary) => {
        await writeFile(temporary, "half");
        throw new Error("encoder broke");
      },
      { overwrite: true },
    );
    await expect(failing).rejects.toThrow("encoder broke");
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["out.bin"]);
  });

  it("gives up at once on abort, also when the write goes on and ends late", async () => {
    const controller = new AbortController();
    let finish = () => {};
    const writing = writeFileAtomically(
      path,
      async (temporary) => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        await writeFile(temporary, bytes);
      },
      { signal: controller.signal },
    );
    setTimeout(() => controller.abort(new Error("stop")), 20);
    await expect(writing).rejects.toThrow("stop");
    finish();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await readdir(folder)).toEqual([]);
    await expect(writeFileAtomically(path, bytes, { signal: controller.signal })).rejects.toThrow("stop");
  });

  it("names a target that cannot be written", async () => {
    expect(await refused(writeFileAtomically(join(folder, "no", "x"), bytes))).toContain(
      "its directory does not exist",
    );
    await writeFile(path, "file");
    expect(await refused(writeFileAtomically(join(path, "x"), bytes))).toContain("cannot be written");
    await mkdir(join(folder, "dir"));
    expect(await refused(writeFileAtomically(join(folder, "dir"), bytes, { overwrite: true }))).toContain(
      "is a directory",
    );
    expect(await refused(writeFileAtomically("/proc/samsr-test", bytes))).toContain(
      "/proc/samsr-test cannot be written",
    );
    expect(await refused(writeFileAtomically(join(folder, "n".repeat(300)), bytes))).toContain(
      "the name is too long",
    );
  });

  it.skipIf(process.getuid?.() === 0)("names a directory without permission", async () => {
    await mkdir(join(folder, "locked"), { mode: 0o500 });
    expect(await refused(checkWritable(join(folder, "locked", "x")))).toContain("no permission");
  });
});
