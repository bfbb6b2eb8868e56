import { readdir, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

it('the published protocol leaves out no file of the room', async () => {
  const files = await readdir(resolve(root, 'src/protocol'))
  const entry = await readFile(resolve(root, 'src/npm/protocol.ts'), 'utf8')
  // fields.ts is how documents are parsed, not what they are.
  const published = files.filter(file => !file.includes('.test.') && file !== 'fields.ts')
  expect(published.length).toBeGreaterThan(30)
  expect(published.filter(file => !entry.includes(`'#protocol/${file}'`))).toEqual([])
})
