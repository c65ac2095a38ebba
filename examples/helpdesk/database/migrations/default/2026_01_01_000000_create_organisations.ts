import { defineMigration } from 'trilite';

/** What the central pages say of an organisation. All else about it lies in its own files. */
export default defineMigration({
  async up(db) {
    await db.schema
      .createTable('organisations')
      // The id of its tenant.
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('about', 'text', (column) => column.notNull())
      // Epoch milliseconds, as every time here.
      .addColumn('created_at', 'integer', (column) => column.notNull())
      .execute();
  },

  async down(db) {
    await db.schema.dropTable('organisations').execute();
  },
});
