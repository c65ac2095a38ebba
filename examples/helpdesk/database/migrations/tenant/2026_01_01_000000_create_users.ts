import { createTenantTable, defineMigration, dropTenantTable } from 'trilite';

export default defineMigration({
  async up(db) {
    await createTenantTable(db, 'users', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        // In lower case.
        .addColumn('email', 'text', (column) => column.notNull().unique())
        // 'agent' or 'customer'.
        .addColumn('role', 'text', (column) => column.notNull())
        // Null for who came with an import or by the API: they get mail, and sign in once they have registered.
        .addColumn('password_hash', 'text')
        .addColumn('created_at', 'integer', (column) => column.notNull()),
    );
    await createTenantTable(db, 'api_tokens', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        // SHA-256 of the token: who reads the file, or a backup, cannot use it.
        .addColumn('hash', 'text', (column) => column.notNull().unique())
        .addColumn('created_at', 'integer', (column) => column.notNull()),
    );
  },

  async down(db) {
    await dropTenantTable(db, 'api_tokens');
    await dropTenantTable(db, 'users');
  },
});
