/** Where models lie: those of the package, and the store of this user. */
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The models that come with the package. */
export const BUNDLED = fileURLToPath(new URL("../../../models", import.meta.url));

/**
 * Returns the user's models, a folder each. By the platform's convention, or below `SAMSR_HOME` where that is
 * set: ~/.local/share/samsr/models (`XDG_DATA_HOME`) on Linux, ~/Library/Application Support/samsr/models on
 * macOS, %LOCALAPPDATA%\samsr\models on Windows. It need not exist.
 */
export function storeFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  return join(environment.SAMSR_HOME || join(dataFolder(environment, platform), "samsr"), "models");
}

function dataFolder(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const home = homedir();
  if (platform === "win32") return environment.LOCALAPPDATA || join(home, "AppData", "Local");
  if (platform === "darwin") return join(home, "Library", "Application Support");
  // The specification has relative paths ignored.
  const data = environment.XDG_DATA_HOME;
  return data?.startsWith("/") ? data : join(home, ".local", "share");
}
