import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { AUTHORS_YAML } from "../../../test/fixtures/authors-config.js";
import { tinyConfig } from "./index.js";
import { type ConfigArguments, configFor } from "./run-config.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-config-"));
afterAll(() => rmSync(directory, { recursive: true }));
let count = 0;
const folder = () => join(directory, `run${count++}`);
const never = (line: string) => expect(line).toBeUndefined();

function file(text: string): string {
  const path = join(directory, `config${count++}.yaml`);
  writeFileSync(path, text);
  return path;
}

const teacher = (args: Partial<ConfigArguments>) => configFor("teacher", { out: folder(), ...args }, never);
const student = (args: Partial<ConfigArguments>) => configFor("student", { out: folder(), ...args }, never);

describe("the configuration of a run", () => {
  it("is the bundled model's without a file, and is kept in the run's folder", async () => {
    const out = folder();
    const config = await teacher({ out });
    expect(config).toEqual(tinyConfig("teacher"));
    expect(parse(readFileSync(join(out, "config.yaml"), "utf8"))).toEqual(config);
  });

  it("has what the options say in its place", async () => {
    const config = await student({
      ...{ data: ["a", "b"], degradation: "bicubic", pool: 9, batch: 4, seed: 5, steps: 6, rate: 0.1 },
      ...{ timesteps: 8, power: 0.5, kappa: 1, masks: "none", variant: "release", m: 0.1 },
      ...{ coefficients: "both", lambda: 0.5, teacher: "t" },
    });
    expect(config).toMatchObject({
      teacher: "t",
      data: { photos: ["a", "b"], degradation: "bicubic", pool: 9, batch: 4, seed: 5 },
      optimiser: { steps: 6, learningRate: 0.1 },
      schedule: { steps: 8, power: 0.5, kappa: 1 },
      student: { masks: "none", variant: "release", m: 0.1, coefficients: "both", terms: { sc: 0.5 } },
    });
    const only = await student({ coefficients: "kappa" });
    expect(only.student).toEqual({ ...tinyConfig("student").student, coefficients: "kappa" });
  });

  it("stands in a file, over which options stand", async () => {
    const config = file(
      readFileSync(new URL("../../../configs/paper-student.yaml", import.meta.url), "utf8"),
    );
    expect((await student({ config, m: 0.125 })).student).toMatchObject({ m: 0.125, rollOut: 15 });
    await expect(teacher({ config })).rejects.toThrow(/is for samsr train student, not samsr train teacher/);
    await expect(student({ config, m: 2 })).rejects.toThrow(
      /config\d+\.yaml: "student\.m" must be a number .*, not 2/,
    );
    await expect(student({ config: file("[1") })).rejects.toThrow(
      /not a configuration that can be read.*line 1/,
    );
    for (const empty of ["", "# nothing\n", "---\n"]) {
      await expect(student({ config: file(empty) })).rejects.toThrow(
        /config\d+\.yaml: is empty; expected a configuration in YAML, with a field "train"$/,
      );
    }
    const out = folder();
    await student({ out });
    writeFileSync(join(out, "config.yaml"), "");
    await expect(student({ out, resume: true })).rejects.toThrow(/config\.yaml: is empty/);
  });

  it("stays as it was when the run goes on", async () => {
    const out = folder();
    const begun = await student({ out, data: ["a"], m: 0.1, kappa: 0.5 });
    expect(await student({ out, resume: true })).toEqual(begun);
    const longer = await student({ out, resume: true, steps: 10_000, data: ["moved"] });
    expect(longer).toEqual({
      ...begun,
      data: { ...begun.data, photos: ["moved"] },
      optimiser: { ...begun.optimiser, steps: 10_000 },
    });
    await expect(student({ out, resume: true, m: 0.3 })).rejects.toThrow(
      /config\.yaml: the run has "student\.m" 0\.1, and is to go on with 0\.3; resume it as it began/,
    );
    const config = file("{train: student, network: {}}");
    await expect(student({ out, resume: true, config })).rejects.toThrow(/"network\.outChannels" is missing/);
    const tiny = file(readFileSync(new URL("../../../configs/tiny-student.yaml", import.meta.url), "utf8"));
    await expect(student({ out, resume: true, config: tiny })).rejects.toThrow(/has "schedule\.kappa" 0\.5/);
    expect(await student({ out, resume: true, config: tiny, kappa: 0.5, m: 0.1 })).toEqual(longer);
    await expect(teacher({ out, resume: true })).rejects.toThrow(/config\.yaml: is for samsr train student/);
  });

  it("is not written over that of a run", async () => {
    const out = folder();
    const begun = await teacher({ out, seed: 7 });
    writeFileSync(join(out, "state.safetensors"), "");
    await expect(teacher({ out })).rejects.toThrow(/holds a training run already/);
    expect(parse(readFileSync(join(out, "config.yaml"), "utf8"))).toEqual(begun);
  });

  it("may be the authors', with a word for what does not apply", async () => {
    const warnings: string[] = [];
    const config = file(AUTHORS_YAML);
    const read = await configFor("student", { out: folder(), config }, (line) => warnings.push(line));
    const { data, optimiser, network, schedule, student } = read;
    expect(read.space).toBe("latents");
    expect(data).toMatchObject({ degradation: "real-esrgan", crop: 128 });
    expect(data.batch * optimiser.accumulate).toBe(8);
    expect(optimiser).toMatchObject({ learningRate: 5e-5 });
    expect(network.modelChannels).toBe(32);
    expect(schedule).toMatchObject({ steps: 15, kappa: 2 });
    expect(student.terms).toMatchObject({ distill: 1, inverse: 1, gt: 1, sc: 0 });
    expect(warnings.every((line) => line.startsWith(config))).toBe(true);
    expect(warnings.join("\n")).toMatch(/real-esrgan; other values do not apply/);
    await expect(configFor("coverage", { out: folder(), config }, never)).rejects.toThrow(
      /configurations of the authors are for samsr train teacher and student/,
    );
  });

  it("are SAMSR's, SinSR's or ResShift's, with what each leaves open said", async () => {
    // The public files of SAMSR and SinSR have no section that says which of the two they are.
    const text = AUTHORS_YAML.replace(/trainer:\n.*\n/, "").replace("iterations: 5000", "iterations: 500000");
    const read = async (name: string, content: string, kind: "teacher" | "student" = "student") => {
      const path = join(directory, name);
      writeFileSync(path, content);
      const warnings: string[] = [];
      const config = await configFor(kind, { out: folder(), config: path }, (line) => warnings.push(line));
      return { config, said: warnings.map((line) => line.slice(path.length + 2)).join("\n") };
    };
    const samsr = await read("SamSR.yaml", text);
    expect(samsr.config).toMatchObject({
      student: { masks: "sam", variant: "release", m: 0.2, terms: { sc: 0 } },
      data: { crops: "rescaled" },
      optimiser: { warmup: 500, emaStart: "constant", emaDecay: 0.999, schedule: "constant" },
    });
    expect(samsr.said).toMatch(/is SAMSR's, by its released code.*--masks none makes it SinSR's/);
    expect(samsr.said).toMatch(/"train\.iterations" is 500000; the paper has 10,000 to 15,000/);
    const sinsr = await read("SinSR.yaml", text);
    expect(sinsr.config).toMatchObject({ student: { masks: "none", variant: "paper" } });
    expect(sinsr.said).toMatch(/is SinSR's: global coefficients.*\n.*the paper has 30,000/);
    const others = text.replace(/ {2}(learn_xT|finetune_use_gt|.*teacher_ckpt_path).*\n/g, "");
    const resshift = await read("resshift.yaml", others, "teacher");
    expect(resshift.config).toMatchObject({ train: "teacher", loss: "squared", data: { crops: "rescaled" } });
    expect((await read("resshift.yaml", others)).said).toMatch(/names no teacher, so it is ResShift's/);
  });
});
