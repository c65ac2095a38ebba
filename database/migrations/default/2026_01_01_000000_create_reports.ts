import { defineMigration } from 'trilite';

export default defineMigration({
  async up(db) {
    await db.schema
      .createTable('reports')
      // The id of the job that built it: a second run of the job finds the first one's report.
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('visits', 'integer', (column) => column.notNull())
      // Epoch milliseconds.
      .addColumn('built_at', 'integer', (column) => column.notNull())
      .execute();
  },

  async down(db) {
    await db.schema.dropTable('reports').execute();
  },
});
