import { existsSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { load } from "./backend-node.js";

// A machine with a graphics card, as far as the backend can see: the comparison with the CPU is then made.
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  return { ...fs, existsSync: (path: string) => path === "/dev/nvidiactl" || fs.existsSync(path) };
});

afterEach(() => vi.unstubAllEnvs());

const chromium = "/usr/lib/chromium";
describe.skipIf(!existsSync(`${chromium}/vk_swiftshader_icd.json`))(
  "the probe (needs Debian's chromium)",
  () => {
    it("finds that a software adapter works and is not worth it", async () => {
      vi.stubEnv("VK_ICD_FILENAMES", `${chromium}/vk_swiftshader_icd.json`);
      vi.stubEnv("VK_DRIVER_FILES", `${chromium}/vk_swiftshader_icd.json`);
      vi.stubEnv("LD_LIBRARY_PATH", chromium);
      const state = await (await load()).probe(true);
      expect(state).toMatchObject({ device: "webgpu", available: true, preferred: false });
      expect(state.detail).toBe("works, far slower than the CPU");
    });
  },
);

describe.skipIf(process.platform === "win32")("the probe", () => {
  it("survives a driver that takes its process down", async () => {
    // The child is this process's own executable, so a fake one plays the crash.
    const { execPath } = process;
    try {
      Object.defineProperty(process, "execPath", { value: "/bin/false", configurable: true });
      const state = await (await load()).probe(false);
      expect(state).toMatchObject({ available: false, preferred: false });
      expect(state.detail).toBe("its driver crashed (exit code 1) when it was tried");
    } finally {
      Object.defineProperty(process, "execPath", { value: execPath, configurable: true });
    }
  });
});
