/** Figure 4: results beside each other, from what is kept of each picture. */
import { relative, sep } from "node:path";
import { spread } from "../../train/data/photos.js";
import { metricText } from "../columns.js";
import { type GalleryPicture, galleryPage } from "../gallery.js";
import { METRICS, type MetricName } from "../metrics/index.js";

import type { Contestant } from "./contestants.js";
import type { DataSet } from "./data-sets.js";
import { keptResult, picturePath } from "./results.js";

/**
 * Returns a page of so many pictures of each set, evenly spread, by every contestant that has them.
 * @param table in plain text or Markdown, above the pictures
 */
export async function benchmarkGallery(
  {
    contestants,
    sets,
    folder,
  }: { contestants: readonly Contestant[]; sets: readonly DataSet[]; folder: string },
  count: number,
  table: string,
): Promise<string> {
  const shown: GalleryPicture[] = [];
  for (const set of sets) {
    for (const picture of spread(set.pictures, count)) {
      const results = new Map<string, { source: string; figures: string }>();
      let size = { width: 1, height: 1 };
      for (const contestant of contestants) {
        const kept = await keptResult(folder, contestant, set, picture);
        if (!kept) continue;
        size = kept;
        const path = picturePath(folder, contestant.name, set.name, picture.name);
        const figures = Object.entries(kept.values).map(([name, value]) => {
          const metric = name as MetricName;
          return `${METRICS[metric].label} ${metricText(metric, value)}`;
        });
        const source = relative(folder, path).split(sep).join("/");
        results.set(contestant.label, { source, figures: figures.join("  ") });
      }
      if (results.size > 0) shown.push({ name: `${set.name}/${picture.name}`, ...size, results });
    }
  }
  return galleryPage("Methods on the same photos", table, shown);
}
