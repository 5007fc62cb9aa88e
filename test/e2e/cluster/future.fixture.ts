import type * as Version from '../../../libs/pg-registry/src/wire/version';

/** The process of a node that speaks only version 4 of the protocol. */
const file = require.resolve('../../../libs/pg-registry/src/wire/version');
const version = require(file) as typeof Version;
require.cache[file]!.exports = { ...version, OWN_VERSIONS: { min: 4, max: 4 } };
require('./node.fixture');
