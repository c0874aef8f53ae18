// Unpack the brotli files of @sparticuz/chromium: node unpack.js FROM_DIRECTORY TO_DIRECTORY
const { createReadStream, createWriteStream, readdirSync } = require("node:fs");
const { join } = require("node:path");
const { pipeline } = require("node:stream/promises");
const { createBrotliDecompress } = require("node:zlib");

const [from, to] = process.argv.slice(2);
const names = readdirSync(from).filter((name) => name.endsWith(".br"));
const unpack = (name) =>
  pipeline(
    createReadStream(join(from, name)),
    createBrotliDecompress(),
    createWriteStream(join(to, name.slice(0, -".br".length)), { mode: 0o755 }),
  );
Promise.all(names.map(unpack)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
