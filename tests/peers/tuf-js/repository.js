#!/usr/bin/env node
// A repository that @tufjs/models makes, with keys of node's own: repository.js FOLDER
// Root 1 has an Ed25519 key, root 2 a P-256 one, every other role an RSA key.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { canonicalize } = require('@tufjs/canonical-json');
const { Key, MetaFile, Metadata, Root, Signature, Snapshot, TargetFile, Targets, Timestamp } =
  require('@tufjs/models');

const CONTENT = 'content of a';
const PADDING = { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

function makeKey(type, options, keyType, scheme, extra = {}) {
  const { publicKey, privateKey } = crypto.generateKeyPairSync(type, options);
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  const keyVal = { public: type === 'ed25519' ? raw : publicKey.export({ format: 'pem', type: 'spki' }) };
  const bytes = canonicalize({ keytype: keyType, keyval: keyVal, scheme });
  const keyID = crypto.createHash('sha256').update(bytes).digest('hex');
  const hash = type === 'ed25519' ? null : 'sha256';
  const sign = (data) =>
    new Signature({ keyID, sig: crypto.sign(hash, data, { key: privateKey, ...extra }).toString('hex') });
  return { public: new Key({ keyID, keyType, scheme, keyVal }), sign };
}

function write(folder, name, signed, ...keys) {
  const document = new Metadata(signed);
  for (const key of keys) document.sign(key.sign, true);
  fs.writeFileSync(path.join(folder, name), JSON.stringify(document.toJSON()));
}

function root(common, version, rootKey, others) {
  const made = new Root({ ...common, version, consistentSnapshot: true });
  made.addKey(rootKey.public, 'root');
  for (const role of ['targets', 'snapshot', 'timestamp']) made.addKey(others.public, role);
  return made;
}

function main([folder]) {
  const [old, next, others] = [
    makeKey('ed25519', {}, 'ed25519', 'ed25519'),
    makeKey('ec', { namedCurve: 'P-256' }, 'ecdsa', 'ecdsa-sha2-nistp256'),
    makeKey('rsa', { modulusLength: 2048 }, 'rsa', 'rsassa-pss-sha256', PADDING),
  ];
  const later = new Date(Date.now() + 400 * 24 * 3600 * 1000).toISOString();
  const common = { version: 1, specVersion: '1.0.31', expires: later.replace(/\.\d+Z$/, 'Z') };
  const targets = new Targets(common);
  const sha256 = crypto.createHash('sha256').update(CONTENT).digest('hex');
  targets.addTarget(new TargetFile({ path: 'a.txt', length: CONTENT.length, hashes: { sha256 } }));
  fs.mkdirSync(folder, { recursive: true });
  write(folder, '1.root.json', root(common, 1, old, others), old);
  write(folder, '2.root.json', root(common, 2, next, others), old, next);
  write(folder, '1.targets.json', targets, others);
  const meta = { 'targets.json': new MetaFile({ version: 1 }) };
  write(folder, '1.snapshot.json', new Snapshot({ ...common, meta }), others);
  const snapshotMeta = new MetaFile({ version: 1 });
  write(folder, 'timestamp.json', new Timestamp({ ...common, snapshotMeta }), others);
}

main(process.argv.slice(2));
