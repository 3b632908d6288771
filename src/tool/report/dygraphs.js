/*
 * What follows is dygraphs, which draws the series.  It is not part of occupancyd; its license:
 *
 * Copyright (c) 2006, 2009, 2011, 2012, 2013, 2017 Dan Vanderkam
 * Copyright (c) 2011 Paul Felix
 * Copyright (c) 2011, 2013 Robert Konigsberg
 * Copyright (c) 2013 David Eberlein
 * Copyright (c) 2013 Google, Inc.
 * Copyright (c) 2014 mirabilos
 * Copyright (c) 2015 Petr Shevtsov
 * Copyright (c) 2022, 2023 mirabilos, Deutsche Telekom LLCTO
 * and numerous contributors; and of the module loader in it:
 * Copyright (c) 2013, 2014 James Halliday
 * Copyright (c) 2013 Roman Shtylman
 * Copyright (c) 2013 Esa-Matti Suuronen
 * Copyright (c) 2018 Philipp Simon Schmidt
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
 * documentation files (the "Software"), to deal in the Software without restriction, including without limitation
 * the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and
 * to permit persons to whom the Software is furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all copies or substantial portions of
 * the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO
 * THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
 * AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
 * CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS
 * IN THE SOFTWARE.
 */
