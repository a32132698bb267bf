#!/usr/bin/env node
// What tuf-js makes of a repository: client.js METADATA-URL TARGETS-URL ROOT-FILE CACHE-FOLDER TARGET
// See ../clients.py for what a client prints and how it ends.
'use strict';

const fs = require('fs');
const path = require('path');
const { Updater } = require('tuf-js');

// The trusted root goes into the cache by hand: tuf-js starts from what lies there.
function folders(cache, rootFile) {
  const [metadata, targets] = ['metadata', 'targets'].map((name) => path.join(cache, name));
  for (const folder of [metadata, targets]) fs.mkdirSync(folder, { recursive: true });
  const root = path.join(metadata, 'root.json');
  if (!fs.existsSync(root)) fs.copyFileSync(rootFile, root);
  return { metadata, targets };
}

async function refresh(metadataUrl, targetsUrl, { metadata, targets }, target) {
  const updater = new Updater({
    metadataDir: metadata,
    metadataBaseUrl: metadataUrl,
    targetDir: targets,
    targetBaseUrl: targetsUrl,
  });
  await updater.refresh();
  const info = await updater.getTargetInfo(target);
  if (!info) throw new Error(`no target ${target}`);
  const file = path.join(targets, target);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  await updater.downloadTarget(info, file);
  return JSON.parse(fs.readFileSync(path.join(metadata, 'root.json'))).signed.version;
}

async function main(words) {
  if (words.length !== 5) throw new Error('client.js METADATA-URL TARGETS-URL ROOT-FILE CACHE-FOLDER TARGET');
  const [metadataUrl, targetsUrl, rootFile, cache, target] = words;
  const made = folders(cache, rootFile);
  try {
    const version = await refresh(metadataUrl, targetsUrl, made, target);
    console.log(`accepted root=${version}`);
  } catch (error) {
    console.log(`refused ${error.constructor.name}: ${error.message}`.replaceAll('\n', ' '));
    process.exitCode = 1;
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 2;
});
