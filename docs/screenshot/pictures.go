package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// maxPicture is in bytes; every clone of the repository carries the pictures.
const maxPicture = 200 << 10

// picture is one look at a page, in one of the colour schemes "light" and "dark".
type picture struct {
	file, path, scheme string
	width, height      int64
	pixels             float64 // of the picture for each pixel of the page
}

// journey is the page of a target with journeys. Some of them fail.
const journey = "/targets/checkout"

func pictures() []picture {
	const target = "/targets/unavailable"
	return []picture{
		{"status-light.png", "/", "light", 1200, 860, 1},
		{"status-dark.png", "/", "dark", 1200, 860, 1},
		{"status-narrow.png", "/", "light", 390, 844, 2},
		{"target-light.png", target, "light", 1200, 940, 1},
		{"target-dark.png", target, "dark", 1200, 940, 1},
		{"target-narrow.png", target, "dark", 390, 844, 2},
		{"journey-light.png", journey, "light", 1200, 900, 1},
		{"journey-dark.png", journey, "dark", 1200, 900, 1},
	}
}

// takeAll takes the pictures of the pages at url. The profile is a folder for Chromium to
// write to.
func takeAll(ctx context.Context, url, profile string) error {
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(filepath.Join(profile, "chromium")),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true))
	ctx, stop := chromedp.NewExecAllocator(ctx, flags...)
	defer stop()
	ctx, end := chromedp.NewContext(ctx)
	defer end()
	if err := chromedp.Do(ctx); err != nil {
		return fmt.Errorf("start Chromium: %w", err)
	}
	for _, p := range pictures() {
		if err := p.take(ctx, url); err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
	}
	return nil
}

// take writes one picture. It returns an error if the page lacks what the picture has to
// show.
func (p picture) take(ctx context.Context, url string) error {
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: p.width, Height: p.height, DeviceScaleFactor: p.pixels, Mobile: p.pixels > 1,
	})
	if err != nil {
		return err
	}
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: p.scheme}},
	})
	if err != nil {
		return err
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(url+p.path)); err != nil {
		return err
	}
	words, err := chromedp.Run(ctx, chromedp.Text("h1"))
	if err != nil {
		return err
	}
	if p.path != journey && !strings.Contains(words, "failing") { // its journeys fail now and then
		return errors.New("the page shows nothing that fails")
	}
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	return write(filepath.Join(folder, p.file), shot)
}

// write packs a picture as densely as its format allows.
func write(path string, shot []byte) error {
	drawn, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&packed, drawn); err != nil {
		return err
	}
	if packed.Len() > maxPicture {
		return fmt.Errorf("%d bytes; a picture may have %d", packed.Len(), maxPicture)
	}
	return os.WriteFile(path, packed.Bytes(), 0o600)
}
