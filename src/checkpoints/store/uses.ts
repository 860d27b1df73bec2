import { surveyModels } from "./find.js";

/** Returns the names of the models that take weights from this one's folder. */
export async function modelsThatUse(name: string): Promise<string[]> {
  const { models } = await surveyModels();
  return models
    .filter(({ description }) =>
      Object.values<string>(description.weights).some((f) => f.startsWith(`../${name}/`)),
    )
    .map(({ description }) => description.name);
}
