import { expect, it } from 'vitest'
import { keepFirstRenditions } from './first-renditions.ts'

const element = (tagName: string, children: unknown[] = [], attributes: Record<string, string> = {}) =>
  ({ tagName, attributes, children }) as Parameters<typeof keepFirstRenditions>[0]
const rendition = (id: string) => element('Representation', [element('SegmentTemplate')], { id })

it('leaves the renditions whose segments are sent: the first video and the first audio by name', () => {
  const mpd = element('MPD', [
    '\n',
    element('Period', [
      element('AdaptationSet', [rendition('v720'), rendition('v360')]),
      element('AdaptationSet', [rendition('a128')]),
      element('AdaptationSet', [rendition('a96')]),
    ]),
  ])
  keepFirstRenditions(mpd)
  expect(mpd).toEqual(
    element('MPD', [
      '\n',
      element('Period', [
        element('AdaptationSet', [rendition('v360')]),
        element('AdaptationSet', [rendition('a128')]),
      ]),
    ]),
  )
})
