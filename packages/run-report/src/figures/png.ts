import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Draws an SVG as a PNG of `scale` pixels a point on white. Letters come from a font that the benchmark brings along, so
 * that a figure is the same on every machine, one without any fonts included.
 * @throws when resvg has no binary for this machine
 */
export async function rasterize(svg: string, scale: number): Promise<Uint8Array> {
  const { Resvg } = await loadRasterizer();
  const fonts = createRequire(import.meta.url).resolve('@expo-google-fonts/source-sans-3/package.json');
  const folder = join(fonts, '..');
  return new Resvg(svg, {
    background: '#ffffff',
    fitTo: { mode: 'zoom', value: scale },
    font: {
      loadSystemFonts: false,
      defaultFontFamily: 'Source Sans 3',
      sansSerifFamily: 'Source Sans 3',
      fontFiles: [
        join(folder, '400Regular', 'SourceSans3_400Regular.ttf'),
        join(folder, '700Bold', 'SourceSans3_700Bold.ttf'),
      ],
    },
  })
    .render()
    .asPng();
}

async function loadRasterizer(): Promise<typeof import('@resvg/resvg-js')> {
  try {
    return await import('@resvg/resvg-js');
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new Error(`@resvg/resvg-js does not run on ${process.platform} ${process.arch}: ${reason}`);
  }
}
