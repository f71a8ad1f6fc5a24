import { createRequire } from 'node:module';
import { join } from 'node:path';
import { optionalPackage } from './optional-package.ts';

/**
 * Draws an SVG image as a PNG of `scale` pixels to a point on white, with `@resvg/resvg-js`, which must be installed along with this package. Letters are those
 * of `@expo-google-fonts/source-sans-3` where that is installed, the same on every machine, and else the system's.
 *
 * @throws Error when the rasterizer is not installed, or has no binary for this machine
 */
export async function rasterize(svg: string, scale = 2): Promise<Uint8Array> {
  const { Resvg } = await loadRasterizer();
  const fontFiles = installedFont();
  const drawing = new Resvg(svg, {
    background: '#ffffff',
    fitTo: { mode: 'zoom', value: scale },
    font:
      fontFiles.length === 0
        ? { loadSystemFonts: true }
        : {
            loadSystemFonts: false,
            fontFiles,
            defaultFontFamily: 'Source Sans 3',
            sansSerifFamily: 'Source Sans 3',
          },
  });
  return drawing.render().asPng();
}

function installedFont(): string[] {
  try {
    const require = createRequire(import.meta.url);
    const folder = join(require.resolve('@expo-google-fonts/source-sans-3/package.json'), '..');
    return [
      join(folder, '400Regular', 'SourceSans3_400Regular.ttf'),
      join(folder, '700Bold', 'SourceSans3_700Bold.ttf'),
    ];
  } catch {
    return [];
  }
}

async function loadRasterizer(): Promise<typeof import('@resvg/resvg-js')> {
  try {
    return await import('@resvg/resvg-js');
  } catch (error) {
    throw optionalPackage('PNG files need', '@resvg/resvg-js', error);
  }
}
