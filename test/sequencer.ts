/** In which order test files run: those that take longest first, so that none of them is alone at the end. */
import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take ten seconds or more beside others, the dearest first. Another file here only ends the suite
 * earlier.
 */
const DEAREST: readonly string[] = [
  "page",
  "page-troubles",
  "torch",
  "server-lives",
  "memory",
  "upscale",
  "reproduce",
  "seams",
  "cli-train",
  "whole-road",
  "browser-networks",
  "event-loop",
  "student-masks",
  "latent",
  "runtime",
  "cli-interrupt",
  "never-worse",
  "training-failures",
  "batch-noise",
  "cli-masks",
  "cli-models",
  "server-queue",
  "cli-files",
  "cli-batch",
  "student-overfit",
  "training-data",
  "enlarge",
];

function rank({ moduleId }: TestSpecification): number {
  const at = DEAREST.indexOf(basename(moduleId, ".test.ts"));
  return at < 0 ? DEAREST.length : at;
}

export class DearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const bySize = await super.sort(files);
    // A process goes from file to file of its project, so the projects do not mix.
    const shared = ({ project }: TestSpecification) => Number(project.name !== "together");
    return bySize.sort((a, b) => rank(a) - rank(b) || shared(a) - shared(b));
  }
}
