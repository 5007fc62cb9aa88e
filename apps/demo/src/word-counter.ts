import { open } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { HandleCall, PgRegistryNode, RegisterVia } from 'nestjs-pg-registry';
import type { Segment } from './segments';
import { countWords, type WordCounts } from './words';

/** A worker. It is registered under the key `count` of the scope `workers` on every node that runs one. */
@Injectable()
@RegisterVia('workers', 'count', (worker: WordCounter) => ({ node: worker.node.name, process: process.pid }))
export class WordCounter {
  constructor(readonly node: PgRegistryNode) {}

  /** Counts one segment. Any node that has this worker's pid can call it. */
  @HandleCall()
  async countSegment({ path, start, end }: Segment): Promise<WordCounts> {
    const counts: WordCounts = new Map();
    const file = await open(path);
    try {
      const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
      countWords(buffer.toString('utf8'), counts);
    } finally {
      await file.close();
    }
    return counts;
  }
}
