/* Put into a page by browser.sh: looks at what the browser made of it, and leaves one line
 * for each thing that is wrong, and a last one that counts, at the page's end. */
'use strict';

const wrong = new Set();

function light(color) { // relative luminance, WCAG 2
	const [r, g, b] = color.match(/[\d.]+/g).map(Number).map(v => {
		const c = v / 255;
		return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
	const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
	return (high + 0.05) / (low + 0.05);
}

function ground(e) { // the first colour below it
	for (; e; e = e.parentElement) {
		const color = getComputedStyle(e).backgroundColor;
		if (!/, 0\)$/.test(color))
			return color;
	}
	return 'rgb(255, 255, 255)';
}

function checkGround(dark) {
	const l = light(ground(document.querySelector('svg')));
	if (dark ? l > 0.1 : l < 0.8)
		wrong.add(`the ground has luminance ${l.toFixed(2)}`);
}

function checkCells() { // a class without a colour is black
	for (const e of document.querySelectorAll('svg rect, svg path')) {
		const style = getComputedStyle(e);
		if (style.fill === 'rgb(0, 0, 0)' && !e.closest('g.heat'))
			wrong.add(`no colour for class "${e.getAttribute('class')}"`);
		const box = e.getBBox();
		if (!(box.width >= 0 && box.height >= 0) || box.x + box.width > 1001)
			wrong.add(`${e.getAttribute('class')} leaves its picture`);
	}
}

function checkTexts() {
	for (const e of document.querySelectorAll('svg text')) {
		const view = e.ownerSVGElement.viewBox.baseVal, box = e.getBBox();
		if (box.x < view.x - 1 || box.x + box.width > view.x + view.width + 1)
			wrong.add(`"${e.textContent}" leaves its picture`);
		if (!e.closest('.band') && contrast(getComputedStyle(e).fill, ground(e)) < 4)
			wrong.add(`"${e.textContent}" is hard to read`);
	}
	for (const e of document.querySelectorAll('h1, h2, h3, p, td, th, dd, dt, li'))
		if (contrast(getComputedStyle(e).color, ground(e)) < 4)
			wrong.add(`"${e.textContent.slice(0, 40)}" is hard to read`);
}

function checkWidth() {
	const room = document.documentElement;
	if (room.scrollWidth > room.clientWidth)
		wrong.add(`${room.scrollWidth} pixels wide in ${room.clientWidth}`);
}

function checkMoments() { // at any time, one of them
	const moments = [...document.querySelectorAll('.moment')];
	const animations = moments.flatMap(m => m.getAnimations());
	if (animations.length !== moments.length)
		wrong.add(`${animations.length} of ${moments.length} moments move`);
	if (!moments.length)
		return 0;
	const all = animations[0].effect.getTiming().duration;
	for (let i = 0; i < moments.length; i++) {
		for (const a of animations) {
			a.pause();
			a.currentTime = all * (1 + (i + 0.5) / moments.length);
		}
		const seen = moments.filter(m => getComputedStyle(m).visibility === 'visible');
		if (seen.length !== 1 || seen[0] !== moments[i])
			wrong.add(`at moment ${i}, seen: ${seen.map(m => m.id)}`);
	}
	return moments.length;
}

const dark = matchMedia('(prefers-color-scheme: dark)').matches;
checkGround(dark);
checkCells();
checkTexts();
checkWidth();
const moments = checkMoments();
const pre = document.createElement('pre');
pre.id = 'checked';
pre.textContent = [...wrong].slice(0, 20).map(w => `wrong: ${w}\n`).join('') +
	`checked: ${document.querySelectorAll('svg').length} pictures, ` +
	`${moments} moments, ` +
	`${dark ? 'dark' : 'light'}`;
document.body.append(pre);
