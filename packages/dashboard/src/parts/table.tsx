import type { ComponentChild } from 'preact';
import { Scrolled } from './scrolled.tsx';

export interface TableProps {
  readonly caption: string;
  readonly columns: readonly string[];
  /** The first cell of each names its row. */
  readonly rows: readonly (readonly ComponentChild[])[];
  /** What is said where there are no rows. */
  readonly none?: string;
}

/** A table that may be wider than the screen: it scrolls, also by the keyboard. */
export function Table({ caption, columns, rows, none }: TableProps) {
  return (
    <Scrolled label={caption}>
      <table>
        <caption>
          <span class="name">{caption}</span>
        </caption>
        {rows.length > 0 && (
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {rows.map(([name, ...cells], i) => (
            // A row is a place: its name may come twice.
            <tr key={i}>
              <th scope="row">{name}</th>
              {cells.map((cell, column) => (
                <td key={columns[column + 1]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && none !== undefined && <p class="quiet">{none}</p>}
    </Scrolled>
  );
}
