/** What a request is refused with: problem details (RFC 9457) with one line for people. */
import { STATUS_CODES } from "node:http";
import { SamsrError } from "../base/errors.js";

/**
 * A request that is refused, with its status. It has no stack, which nobody reads, and which takes a
 * twentieth of the time of a refusal.
 */
export class Problem extends SamsrError {
  constructor(
    readonly status: number,
    detail: string,
    /** Header fields of the answer. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(detail);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

interface ProblemDocument {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The request's id, as the log has it. */
  readonly instance: string;
}

export function problemDocument(status: number, detail: string, request: string): ProblemDocument {
  const title = STATUS_CODES[status] ?? "Error";
  return { type: "about:blank", title, status, detail, instance: request };
}
