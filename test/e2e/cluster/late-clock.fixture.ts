/** The process of a node on a machine whose clock was set back by an hour. */
const now = Date.now;
Date.now = () => now() - 3_600_000;
require('./node.fixture');
