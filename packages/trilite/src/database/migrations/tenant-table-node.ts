import {
  ColumnDefinitionNode,
  ColumnNode,
  CreateIndexNode,
  DataTypeNode,
  DefaultValueNode,
  ForeignKeyConstraintNode,
  PrimaryKeyConstraintNode,
  RawNode,
  TableNode,
  UniqueConstraintNode,
  type AlterTableNode,
  type ConstraintNode,
  type CreateTableNode,
  type OperationNode,
} from 'kysely';
import { CURRENT_TENANT } from '../scoping/current-tenant';
import { TenantTableError } from '../scoping/errors';
import { BASE_SUFFIX, TENANT_COLUMN } from '../scoping/tenant-tables';

// What a migration says of a table of tenants, as it has to be said of the table that holds the rows of all.

/** A column that comes to be null when the row it refers to is deleted. */
export interface SetNull {
  readonly columns: readonly string[];
  readonly parent: string;
  readonly parentColumns: readonly string[];
}

/** The table as it has to be made, and what it needs beside it. */
export interface ScopedTable {
  readonly node: CreateTableNode;
  readonly setNulls: readonly SetNull[];
}

/** Tells whether a table is one of tenants, by what the application calls it. */
export type IsOfTenants = (table: string) => boolean;

type Constraint = ConstraintNode;

type Action = ForeignKeyConstraintNode['onDelete'];

interface ForeignKey extends Pick<ForeignKeyConstraintNode, 'columns' | 'references'> {
  readonly onDelete?: Action | undefined;
  readonly onUpdate?: Action | undefined;
}

/**
 * Every key with the tenant first, so that no value of one tenant is in the way of another's, and no row refers to another's. An integer that is
 * the rowid stays the primary key by itself, for SQLite gives it out: beside it stands a unique key that others refer to.
 */
export function scopedTable(node: CreateTableNode, isOfTenants: IsOfTenants): ScopedTable {
  const name = nameOf(node.table);
  const scope = new TableScope(name, isOfTenants, isWithoutRowid(node));
  const columns = node.columns.map((column) => scope.column(column));
  const constraints = (node.constraints ?? []).map((one) => scope.constraint(one, node.columns));
  return {
    node: {
      ...node,
      table: TableNode.create(name + BASE_SUFFIX),
      columns: [tenantColumn(), ...columns],
      constraints: [...scope.constraints, ...constraints],
    },
    setNulls: scope.setNulls,
  };
}

/** @throws E_TENANT_TABLE for what SQLite cannot add to a table with keys of two columns */
export function scopedAlteration(node: AlterTableNode, isOfTenants: IsOfTenants): AlterTableNode {
  const name = nameOf(node.table);
  const help = 'Make a table in the new form, copy the rows, and drop the old one.';
  if (node.renameTo !== undefined) throw TenantTableError.cannot(name, 'be renamed', help);
  for (const alteration of node.columnAlterations ?? []) {
    if (alteration.kind !== 'AddColumnNode') continue;
    const { references } = alteration.column;
    if (references !== undefined && isOfTenants(nameOf(references.table))) {
      throw TenantTableError.cannot(name, 'get a column that refers to one of tenants', help);
    }
  }
  return { ...node, table: TableNode.create(name + BASE_SUFFIX) };
}

/** An index with the tenant first. */
export function scopedIndex(node: CreateIndexNode): CreateIndexNode {
  const table = node.table === undefined ? '' : nameOf(node.table);
  return CreateIndexNode.cloneWith(node, {
    table: TableNode.create(table + BASE_SUFFIX),
    columns: [ColumnNode.create(TENANT_COLUMN), ...(node.columns ?? [])],
  });
}

/** Gathers what columns say of keys, as constraints of the table. */
class TableScope {
  readonly constraints: Constraint[] = [];
  readonly setNulls: SetNull[] = [];
  readonly #name: string;
  readonly #isOfTenants: IsOfTenants;
  readonly #hasRowid: boolean;

  constructor(name: string, isOfTenants: IsOfTenants, isWithoutRowid: boolean) {
    this.#name = name;
    this.#isOfTenants = (table) => table === name || isOfTenants(table);
    this.#hasRowid = !isWithoutRowid;
  }

  column(node: ColumnDefinitionNode): ColumnDefinitionNode {
    const { primaryKey = false, unique = false, references, ...plain } = node;
    const own = [node.column];
    let result: ColumnDefinitionNode = plain;
    if (primaryKey && this.#isRowid(node)) {
      result = { ...result, primaryKey };
      this.constraints.push(uniqueKey(own));
    } else if (primaryKey) {
      result = { ...result, notNull: true };
      this.constraints.push(primaryKeyOf(own));
    }
    if (unique) this.constraints.push(uniqueKey(own));
    if (references === undefined) return result;
    if (!this.#isOfTenants(nameOf(references.table))) return { ...result, references };
    const { onDelete, onUpdate } = references;
    const key = this.#foreignKey({ columns: own, references, onDelete, onUpdate });
    this.constraints.push(key);
    return result;
  }

  constraint(node: Constraint, columns: readonly ColumnDefinitionNode[]): Constraint {
    switch (node.kind) {
      case 'PrimaryKeyConstraintNode':
        return this.#primaryKey(node, columns);
      case 'UniqueConstraintNode':
        return { ...node, columns: scoped(node.columns) };
      case 'ForeignKeyConstraintNode': {
        if (!this.#isOfTenants(nameOf(node.references.table))) return node;
        const { name, deferrable, initiallyDeferred } = node;
        return {
          ...this.#foreignKey(node),
          ...(name && { name }),
          ...(deferrable !== undefined && { deferrable }),
          ...(initiallyDeferred !== undefined && { initiallyDeferred }),
        };
      }
      default:
        return node;
    }
  }

  #primaryKey(
    node: PrimaryKeyConstraintNode,
    columns: readonly ColumnDefinitionNode[],
  ): PrimaryKeyConstraintNode {
    const [first] = node.columns;
    const column = columns.find((one) => one.column.column.name === first?.column.name);
    if (node.columns.length > 1 || column === undefined || !this.#isRowid(column)) {
      return { ...node, columns: scoped(node.columns) };
    }
    this.constraints.push(uniqueKey(node.columns));
    return node;
  }

  #foreignKey({ columns, references, onDelete, onUpdate }: ForeignKey): ForeignKeyConstraintNode {
    const help = 'Choose "cascade", "restrict", "no action", or on delete "set null".';
    if (onDelete === 'set default' || onUpdate === 'set default' || onUpdate === 'set null') {
      throw TenantTableError.cannot(this.#name, 'set a part of a key to another value', help);
    }
    const parent = nameOf(references.table);
    if (onDelete === 'set null') {
      // It would set the tenant to null as well
      const names = columns.map(({ column }) => column.name);
      const parentColumns = references.columns.map(({ column }) => column.name);
      this.setNulls.push({ columns: names, parent, parentColumns });
    }
    const target = TableNode.create(parent + BASE_SUFFIX);
    return {
      ...ForeignKeyConstraintNode.create(scoped(columns), target, scoped(references.columns)),
      ...(onDelete !== undefined && onDelete !== 'set null' && { onDelete }),
      ...(onUpdate !== undefined && { onUpdate }),
    };
  }

  #isRowid({ dataType }: ColumnDefinitionNode): boolean {
    return this.#hasRowid && DataTypeNode.is(dataType) && dataType.dataType === 'integer';
  }
}

function tenantColumn(): ColumnDefinitionNode {
  const column = ColumnDefinitionNode.create(TENANT_COLUMN, DataTypeNode.create('text'));
  const ofWork = RawNode.createWithSql(`(${CURRENT_TENANT}())`);
  return ColumnDefinitionNode.cloneWith(column, {
    notNull: true,
    defaultTo: DefaultValueNode.create(ofWork),
  });
}

function primaryKeyOf(columns: readonly ColumnNode[]): PrimaryKeyConstraintNode {
  const names = columns.map(({ column }) => column.name);
  return PrimaryKeyConstraintNode.create([TENANT_COLUMN, ...names]);
}

function uniqueKey(columns: readonly ColumnNode[]): UniqueConstraintNode {
  const names = columns.map(({ column }) => column.name);
  return UniqueConstraintNode.create([TENANT_COLUMN, ...names]);
}

function scoped<T extends OperationNode>(columns: readonly T[]): (T | ColumnNode)[] {
  return [ColumnNode.create(TENANT_COLUMN), ...columns];
}

function nameOf({ table }: TableNode): string {
  return table.identifier.name;
}

function isWithoutRowid({ endModifiers = [] }: CreateTableNode): boolean {
  return endModifiers.some(
    (node) => RawNode.is(node) && /without\s+rowid/i.test(node.sqlFragments.join(' ')),
  );
}
