import { describe, expect, it } from 'vitest'

describe('the tag for sites', () => {
  it('can be loaded where there is no document', async () => {
    const { ParatiiPlayerElement } = await import('./paratii-player.ts')
    expect(ParatiiPlayerElement.name).toBe('ParatiiPlayerElement')
  })
})
