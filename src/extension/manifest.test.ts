import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { browserslist, manifest } from '../../plasmo.config.ts'

describe('the manifest', () => {
  it('is in package.json what plasmo.config.ts says (node scripts/build-extension.ts --manifest-only)', async () => {
    const described = JSON.parse(await readFile('package.json', 'utf8'))
    expect(described.manifest).toEqual(manifest)
    expect(described.browserslist).toEqual(browserslist)
  })

  it('asks for no host and for nothing that is not used', () => {
    expect(manifest.permissions).toEqual(['storage', 'offscreen', 'alarms'])
    expect(manifest).not.toHaveProperty('host_permissions')
    expect(manifest).not.toHaveProperty('optional_host_permissions')
  })
})
