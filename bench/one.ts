/**
 * Runs one bench and sends its report to the process that started this one: peak memory is then the bench's
 * own.
 */
import type { Bench, BenchOptions } from "./report.js";

const [name, options] = process.argv.slice(2);
const { bench } = (await import(`./${name}.js`)) as { bench: Bench };
const report = await bench(JSON.parse(options) as BenchOptions);
process.send?.(report, () => process.exit(0));
