import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createRaster } from "../../image/raster.js";
import { reportPage } from "./report.js";
import { openRunLog } from "./run-log.js";
import { crc32c, scalarsRecord, startRecord, versionRecord } from "./tensorboard.js";

const out = mkdtempSync(join(tmpdir(), "samsr-log-"));
afterAll(() => rmSync(out, { recursive: true }));

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** The messages of a record file, as long as lengths and checksums agree. */
function records(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  const masked = (data: Uint8Array) => {
    const crc = crc32c(data);
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  };
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 8)).toBe(masked(bytes.subarray(at, at + 8)));
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(masked(data));
    found.push(data);
    at += 16 + length;
  }
  return found;
}

describe("TensorBoard's events", () => {
  it("CRC-32C is that of RFC 3720, appendix B.4", () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  });

  it("have the fields of event.proto where it puts them", () => {
    const time = "09000000000000f83f"; // field 1, double 1.5
    const body = (record: Uint8Array) => hex(record.subarray(12, record.length - 4));
    expect(body(versionRecord(1.5))).toBe(`${time}1a0d${hex(Buffer.from("brain.Event:2"))}`);
    // step 7; summary { value { tag "a", simple_value 2 } }
    expect(body(scalarsRecord(1.5, 7, { a: 2 }))).toBe(`${time}10072a0a0a080a01611500000040`);
    // step 7; session_log { status START }
    expect(body(startRecord(1.5, 7))).toBe(`${time}10073a020801`);
  });
});

describe("a run's log", () => {
  it("is lines, events and a page; a resumed run drops what it will do again", async () => {
    const open = (step: number) =>
      openRunLog({
        out,
        title: "a <run>",
        settings: { batch: 8 },
        step,
        warn: (line) => warnings.push(line),
      });
    const warnings: string[] = [];
    const log = await open(0);
    for (const step of [1, 2, 3]) await log.write({ step, loss: 1 / step });
    await log.sample(3, createRaster(4, 4, 3));
    writeFileSync(join(out, "log.jsonl"), '{"step":4,"los', { flag: "a" });
    const resumed = await open(2);
    await resumed.write({ step: 3, loss: 0.25 });
    await resumed.report();
    const lines = readFileSync(join(out, "log.jsonl"), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { step: 1, loss: 1 },
      { step: 2, loss: 0.5 },
      { step: 3, loss: 0.25 },
    ]);
    const events = readdirSync(out).filter((name) => name.startsWith("events.out.tfevents."));
    const messages = events.flatMap((name) => records(readFileSync(join(out, name))));
    // A version, three steps and a picture; a version, the start and a step.
    expect(messages).toHaveLength(5 + 3);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("<h1>a &lt;run&gt;</h1>");
    expect(warnings).toEqual([]);
  });

  it("that cannot be written is said once, and nothing more", async () => {
    const warnings: string[] = [];
    const file = join(out, "file");
    writeFileSync(file, "");
    const log = await openRunLog({
      out: file,
      title: "",
      settings: {},
      step: 0,
      warn: (w) => warnings.push(w),
    });
    await log.write({ step: 1, loss: 1 });
    await log.report();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/log\.jsonl could not be written .*the run goes on/);
  });
});

it("the report shows curves, samples and settings, and asks nothing of any network", () => {
  const entries = Array.from({ length: 2000 }, (_, i) => ({
    step: i + 1,
    loss: Math.exp(-i / 300),
    norm: Number.NaN,
  }));
  const html = reportPage("run", { "a<b": 1 }, entries, [{ step: 5, png: Uint8Array.of(1, 2) }]);
  expect(html).toContain("Step 2000.");
  expect(html.match(/<svg/g)).toHaveLength(1);
  expect(html).toContain("(logarithmic)");
  expect(html.match(/d="M[^"]*"/)![0].split("L").length).toBe(600);
  expect(html).toContain('src="data:image/png;base64,AQI="');
  expect(html).toContain("a&lt;b");
  expect(html).not.toMatch(/https?:/);
  expect(reportPage("empty", undefined, [], [])).toContain("No step yet.");
});
