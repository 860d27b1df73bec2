/** The compare element for pages without a bundler, as `samsr-compare.js` beside the page. */
export * from "../src/web/compare.js";
