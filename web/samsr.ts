/** samsr for pages without a bundler, as `samsr.js` beside the page. */
export * from "../src/web/index.js";
