import { type PackagedTrack, type PackagedTracks, segmentLengths } from './packaged-track.ts'
import type { VideoRendition } from './rendition.ts'

/** Version 7 is the first in which a playlist of fragmented MP4 needs no further excuse (RFC 8216, 7). */
const version = 7

/** `master.m3u8`: the renditions to switch between, each with the sound, in the folders of the DASH manifest. */
export const writeMasterPlaylist = ({ video, audio }: PackagedTracks): string =>
  [
    '#EXTM3U',
    `#EXT-X-VERSION:${version}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...(audio
      ? [
          `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="${audio.rendition.name}",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="${audio.rendition.channels}",URI="${audio.rendition.name}/index.m3u8"`,
        ]
      : []),
    ...video.flatMap(packaged => variant(packaged, audio)),
    '',
  ].join('\n')

const variant = (
  { rendition, track, peakBitsPerSecond, meanBitsPerSecond }: PackagedTrack<VideoRendition>,
  audio: PackagedTracks['audio'],
): readonly string[] => {
  const { name, width, height, frameRate } = rendition
  const attributes = [
    `BANDWIDTH=${peakBitsPerSecond + (audio?.peakBitsPerSecond ?? 0)}`,
    `AVERAGE-BANDWIDTH=${meanBitsPerSecond + (audio?.meanBitsPerSecond ?? 0)}`,
    `CODECS="${[track.codecs, ...(audio ? [audio.track.codecs] : [])].join(',')}"`,
    `RESOLUTION=${width}x${height}`,
    `FRAME-RATE=${(frameRate.frames / frameRate.seconds).toFixed(3)}`,
    ...(audio ? ['AUDIO="sound"'] : []),
  ]
  return [`#EXT-X-STREAM-INF:${attributes.join(',')}`, `${name}/index.m3u8`]
}

/** `<rendition>/index.m3u8`: the segments of one rendition, which lie beside it. */
export const writeMediaPlaylist = ({ track }: PackagedTrack): string => {
  const lengths = segmentLengths(track)
  return [
    '#EXTM3U',
    `#EXT-X-VERSION:${version}`,
    `#EXT-X-TARGETDURATION:${Math.max(1, ...lengths.map(length => Math.round(length)))}`,
    '#EXT-X-MEDIA-SEQUENCE:1',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    '#EXT-X-MAP:URI="init.mp4"',
    ...lengths.flatMap((length, at) => [`#EXTINF:${length.toFixed(6)},`, `${at + 1}.m4s`]),
    '#EXT-X-ENDLIST',
    '',
  ].join('\n')
}
