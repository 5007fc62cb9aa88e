import 'reflect-metadata';
import { startLocalCluster } from './start/local-cluster';
import { NODE_PROCESS, type NodeProcessOptions, runNodeProcess } from './start/node-process';
import { HELP, readOptions } from './start/options';
import { startProcessCluster } from './start/process-cluster';
import { UserError } from './start/user-error';

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === 'help') {
    console.log(HELP);
    return;
  }
  const cluster = await (options.nats === undefined
    ? startLocalCluster(options)
    : startProcessCluster(options));
  for (const { url, what } of cluster.addresses) console.log(`${url}  ${what}`);
  console.log(`Documents: ${cluster.storage}`);
  console.log('Open two of the addresses in two windows, and type into the same document. Ctrl+C ends it.');
  const stop = (): void => {
    cluster.stop().then(() => process.exit(), fail);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function fail(error: unknown): void {
  console.error(error instanceof UserError ? error.message : error);
  process.exit(2);
}

const node = process.env[NODE_PROCESS];
if (node === undefined) main().catch(fail);
else runNodeProcess(JSON.parse(node) as NodeProcessOptions).catch(fail);
