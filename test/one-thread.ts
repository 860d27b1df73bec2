/**
 * Sessions of a test's own process have one thread where the test does not say how many. The suite has a
 * worker for each core; more threads would only wait for each other, and ONNX Runtime's wait by spinning.
 */
import { InferenceSession } from "onnxruntime-node";

const once = Symbol.for("samsr tests: one thread");
type Create = (model: unknown, ...more: readonly unknown[]) => Promise<InferenceSession>;
const factory = InferenceSession as unknown as { create: Create & { [once]?: boolean } };

if (!factory.create[once]) {
  const create = factory.create.bind(InferenceSession);
  const withOneThread: Create & { [once]?: boolean } = (model, ...more) => {
    const last = more.at(-1);
    const options = typeof last === "object" && last !== null && !ArrayBuffer.isView(last) ? last : undefined;
    const given = options ? more.slice(0, -1) : more;
    return create(model, ...given, { intraOpNumThreads: 1, ...options });
  };
  withOneThread[once] = true;
  factory.create = withOneThread;
}
