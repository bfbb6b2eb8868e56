const width = 720
const height = 320
const left = 56
const top = 40
const bottom = 48
const colours = ['#4653d6', '#0b8f6a', '#c2571a', '#a32b8f']

const frame = (title: string, body: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${left}" y="22" font-size="14" font-weight="bold">${title}</text>`,
    ...body,
    '</svg>',
    '',
  ].join('\n')

const round = (number: number): string => String(Math.round(100 * number) / 100)
const yOf = (part: number): number => top + (1 - part) * (height - top - bottom)

/** Lines of parts, 0 to 1, over equal steps. */
export const drawLines = (
  title: string,
  across: string,
  lines: readonly { readonly name: string; readonly values: readonly number[] }[],
): string => {
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    part =>
      `<line x1="${left}" x2="${width - 16}" y1="${yOf(part)}" y2="${yOf(part)}" stroke="#dddddd"/>` +
      `<text x="${left - 8}" y="${yOf(part) + 4}" text-anchor="end">${100 * part} %</text>`,
  )
  const drawn = lines.map(({ name, values }, n) => {
    const step = (width - left - 16) / Math.max(values.length - 1, 1)
    const points = values.map((value, i) => `${round(left + i * step)},${round(yOf(value))}`).join(' ')
    const colour = colours[n % colours.length]
    return (
      `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2"/>` +
      `<text x="${left + 150 * n}" y="${height - 10}" fill="${colour}">${name}</text>`
    )
  })
  const label = `<text x="${width - 16}" y="${height - 28}" text-anchor="end">${across}</text>`
  return frame(title, [...grid, ...drawn, label])
}

/** A bar for each value, with its number. */
export const drawBars = (
  title: string,
  bars: readonly { readonly name: string; readonly value: number }[],
): string => {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE)
  const step = (width - left - 16) / bars.length
  return frame(
    title,
    bars.map(({ name, value }, n) => {
      const x = left + n * step
      const y = yOf(value / most)
      const number = Number(value.toPrecision(4))
      return (
        `<rect x="${round(x)}" y="${round(y)}" width="${round(step * 0.7)}" height="${round(height - bottom - y)}" fill="${colours[n % colours.length]}"/>` +
        `<text x="${round(x)}" y="${round(y - 4)}">${number}</text>` +
        `<text x="${round(x)}" y="${height - 28}">${name}</text>`
      )
    }),
  )
}
