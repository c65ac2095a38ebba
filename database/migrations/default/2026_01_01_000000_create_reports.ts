import { defineMigration } from 'trilite';

export default defineMigration({
  async up(db) {
    await db.schema
      .createTable('reports')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('visits', 'integer', (column) => column.notNull())
      .addColumn('built_at', 'integer', (column) => column.notNull())
      .execute();
  },

  async down(db) {
    await db.schema.dropTable('reports').execute();
  },
});
