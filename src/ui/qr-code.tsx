import type { ReactElement } from 'react'
import { encode } from 'uqr'

/** A text as a QR code, dark on light in every theme: cameras expect it so. The text itself stands beside it. */
export function QrCode({ value, label }: { readonly value: string; readonly label: string }): ReactElement {
  const { data, size } = encode(value, { ecc: 'M', border: 2 })
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return (
    <svg
      className="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  )
}
