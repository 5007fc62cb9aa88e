import type * as Version from '../../../libs/pg-registry/src/wire/version';

/** The process of a node from the future: it speaks version 2 of the protocol and no other. */
const file = require.resolve('../../../libs/pg-registry/src/wire/version');
const version = require(file) as typeof Version;
require.cache[file]!.exports = { ...version, OWN_VERSIONS: { min: 2, max: 2 } };
require('./node.fixture');
