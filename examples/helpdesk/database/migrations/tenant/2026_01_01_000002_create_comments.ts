import { createTenantIndex, createTenantTable, defineMigration, dropTenantTable } from 'trilite';

export default defineMigration({
  async up(db) {
    await createTenantTable(db, 'comments', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('ticket_id', 'integer', (column) => column.notNull().references('tickets.id'))
        .addColumn('author_id', 'integer', (column) => column.notNull().references('users.id'))
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('created_at', 'integer', (column) => column.notNull()),
    );
    await createTenantIndex(db, 'comments_ticket', (index) =>
      index.on('comments').columns(['ticket_id', 'id']),
    );

    await createTenantTable(db, 'attachments', (table) =>
      table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('ticket_id', 'integer', (column) => column.notNull().references('tickets.id'))
        // The comment it came with; null for one that came with the ticket.
        .addColumn('comment_id', 'integer', (column) => column.references('comments.id'))
        // What people call it.
        .addColumn('name', 'text', (column) => column.notNull())
        // Where it lies below the files of the tenant.
        .addColumn('stored', 'text', (column) => column.notNull())
        .addColumn('bytes', 'integer', (column) => column.notNull()),
    );
    await createTenantIndex(db, 'attachments_ticket', (index) =>
      index.on('attachments').column('ticket_id'),
    );
  },

  async down(db) {
    await dropTenantTable(db, 'attachments');
    await dropTenantTable(db, 'comments');
  },
});
