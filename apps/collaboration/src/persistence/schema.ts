/**
 * Brings an empty or an older database to the present schema. Each statement can be repeated, and several nodes may run them at a time:
 * `CREATE … IF NOT EXISTS` alone fails if two nodes are at it, so a lock of the transaction comes first.
 */
export const SCHEMA: readonly string[] = [
  `DO $$ BEGIN
     PERFORM pg_advisory_xact_lock(7023540119);
     CREATE TABLE IF NOT EXISTS documents (
       name text PRIMARY KEY,
       token bigint NOT NULL,
       sequence bigint NOT NULL DEFAULT 0,
       changed_at timestamptz NOT NULL DEFAULT now()
     );
     CREATE INDEX IF NOT EXISTS documents_by_change ON documents (changed_at DESC);
     CREATE TABLE IF NOT EXISTS document_changes (
       document text NOT NULL REFERENCES documents (name),
       sequence bigint NOT NULL,
       token bigint NOT NULL,
       changes bytea NOT NULL,
       PRIMARY KEY (document, sequence)
     );
     CREATE TABLE IF NOT EXISTS document_checkpoints (
       document text PRIMARY KEY REFERENCES documents (name),
       sequence bigint NOT NULL,
       token bigint NOT NULL,
       state bytea NOT NULL
     );
   END $$`,
];
